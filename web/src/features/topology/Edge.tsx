import type { EdgeView } from "@/features/topology/edges";
import { between, type Point } from "@/features/topology/layout";

interface EdgeProps {
  edge: EdgeView;
  points: ReadonlyMap<string, Point>;
  radius: number;
}

export const EDGE_LOOKS: Record<EdgeView["kind"], { color: string; width: number; dash?: string }> = {
  partitioned: { color: "text-down", width: 1.75, dash: "5 4" },
  lossy: { color: "text-candidate", width: 2, dash: "9 3" },
  delayed: { color: "text-delayed", width: 2, dash: "2 3" },
  replication: { color: "text-leader", width: 2 },
  follower: { color: "text-still", width: 1 },
  down: { color: "text-line", width: 1, dash: "2 4" },
};

export function Edge({ edge, points, radius }: EdgeProps) {
  const a = points.get(edge.a)!;
  const b = points.get(edge.b)!;
  const [start, end] = between(a, b, radius + 2);
  const { color, width, dash } = EDGE_LOOKS[edge.kind];
  return (
    <g className={color} data-edge={`${edge.a}/${edge.b}`} data-kind={edge.kind}>
      <title>{`${edge.a} – ${edge.b}: ${edge.title}`}</title>
      <line
        x1={start.x}
        y1={start.y}
        x2={end.x}
        y2={end.y}
        stroke="currentColor"
        strokeWidth={width}
        strokeDasharray={dash}
      />
    </g>
  );
}
