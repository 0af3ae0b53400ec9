import { useMemo } from "react";
import { Panel } from "@/components/Panel";
import { useSelect } from "@/state/hooks";
import { nodeViews } from "@/state/nodes";
import { NodeCard } from "@/features/nodes/NodeCard";

export function NodeCards() {
  const cluster = useSelect((state) => state.picture.cluster);
  const chaos = useSelect((state) => state.picture.chaos);
  const served_by = useSelect((state) => state.connection.served_by);
  const views = useMemo(() => nodeViews(cluster, chaos), [cluster, chaos]);
  return (
    <Panel title="Nodes" className="shrink-0">
      <ul className="grid grid-cols-[repeat(auto-fit,minmax(7.25rem,1fr))] gap-1.5 p-2 pt-0">
        {views.map((view) => (
          <NodeCard key={view.node.id} view={view} serves={view.node.id === served_by} />
        ))}
        {views.length === 0 && <li className="px-1 py-3 text-muted">Waiting for the first report.</li>}
      </ul>
    </Panel>
  );
}
