import { Controls } from "@/app/Controls";
import { ColumnTabs } from "@/app/ColumnTabs";
import { Header } from "@/app/Header";
import { StreamBanner } from "@/app/StreamBanner";
import { useRoute } from "@/app/useRoute";
import { useTheme } from "@/app/useTheme";
import type { Column } from "@/app/route";
import { classes } from "@/components/classes";
import { HealthStrip } from "@/features/health/HealthStrip";
import { NodeCards } from "@/features/nodes/NodeCards";
import { ReplicationLog } from "@/features/log/ReplicationLog";
import { Timeline } from "@/features/timeline/Timeline";
import { Topology } from "@/features/topology/Topology";

// Three columns in a window that does not scroll; where it is narrow, one of them at a time.
export function App() {
  const route = useRoute();
  useTheme();
  const column = (name: Column) =>
    classes(
      "relative min-h-0 min-w-0 flex-col gap-2 overflow-y-auto",
      route.column === name ? "flex" : "hidden wide:flex",
    );
  return (
    <div className="flex h-dvh flex-col">
      <Header />
      <StreamBanner />
      <main className="grid min-h-0 flex-1 gap-2 p-2 wide:grid-cols-[minmax(20rem,35fr)_minmax(21rem,40fr)_minmax(13rem,25fr)]">
        <section id="column-cluster" aria-label="Cluster state" className={column("cluster")}>
          <HealthStrip />
          <Topology />
          <NodeCards />
          <ReplicationLog />
        </section>
        <section id="column-controls" aria-label="Controls" className={column("controls")}>
          <Controls route={route} />
        </section>
        <section id="column-timeline" aria-label="Timeline" className={column("timeline")}>
          <Timeline />
        </section>
      </main>
      <ColumnTabs column={route.column} route={route} />
    </div>
  );
}
