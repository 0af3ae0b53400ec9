import { classes } from "@/components/classes";
import { Noticed } from "@/components/Noticed";
import { healthOf, reachableCount, type Health } from "@/state/health";
import { useSelect } from "@/state/hooks";

const LOOKS: Record<Health, { color: string; glyph: string }> = {
  PARTITIONED: { color: "border-down bg-down/10 text-down", glyph: "✕" },
  HEALTHY: { color: "border-leader bg-leader/10 text-leader", glyph: "✓" },
  DEGRADED: { color: "border-candidate bg-candidate/10 text-candidate", glyph: "!" },
  CRITICAL: { color: "border-down bg-down/15 text-down", glyph: "‼" },
  UNKNOWN: { color: "border-line bg-raised text-muted", glyph: "?" },
};

export function HealthStrip() {
  const cluster = useSelect((state) => state.picture.cluster);
  const chaos = useSelect((state) => state.picture.chaos);
  const members = useSelect((state) => state.picture.members);
  const health = healthOf(cluster, chaos, members);
  const { color, glyph } = LOOKS[health];
  const plain = "border-line bg-panel";
  return (
    <dl
      className="grid shrink-0 grid-cols-[minmax(8.5rem,1.5fr)_minmax(0,1.3fr)_minmax(0,0.8fr)_minmax(0,0.9fr)] gap-1.5 xl:gap-2"
      aria-label="Health of the cluster"
    >
      <Pill name="health" value={cluster ? health : undefined} className={color}>
        <span aria-hidden="true">{glyph}</span> {health}
      </Pill>
      <Pill name="leader" value={cluster?.leader_id} className={plain}>
        {cluster?.leader_id || "—"}
      </Pill>
      <Pill name="term" value={cluster?.term} className={plain}>
        {cluster?.term ?? "—"}
      </Pill>
      <Pill name="nodes" value={undefined} className={plain}>
        {cluster ? `${reachableCount(cluster.nodes)}/${cluster.nodes.length}` : "—"}
      </Pill>
    </dl>
  );
}

interface PillProps {
  name: string;
  // Its change is pointed out.
  value: string | number | undefined;
  className: string;
  children: React.ReactNode;
}

function Pill({ name, value, className, children }: PillProps) {
  return (
    <div data-pill={name} className={classes("min-w-0 rounded-lg border px-1.5 py-1 xl:px-2.5", className)}>
      <dt className="text-2xs leading-tight opacity-80">{name}</dt>
      <dd className="truncate font-semibold" title={typeof children === "string" ? children : undefined}>
        <Noticed value={value}>{children}</Noticed>
      </dd>
    </div>
  );
}
