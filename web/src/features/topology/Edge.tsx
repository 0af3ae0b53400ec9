import type { EdgeView } from "@/features/topology/edges";
import { along, arrowOf, between, labelPart, type Point } from "@/features/topology/layout";

interface EdgeProps {
  edge: EdgeView;
  points: ReadonlyMap<string, Point>;
  count: number;
  radius: number;
}

const LOOKS: Record<EdgeView["kind"], { color: string; width: number; dash?: string }> = {
  partitioned: { color: "text-down", width: 1.75, dash: "5 4" },
  lossy: { color: "text-candidate", width: 2, dash: "9 3" },
  delayed: { color: "text-delayed", width: 2, dash: "2 3" },
  replication: { color: "text-leader", width: 2 },
  follower: { color: "text-still", width: 1 },
  down: { color: "text-line", width: 1, dash: "2 4" },
};

export function Edge({ edge, points, count, radius }: EdgeProps) {
  const a = points.get(edge.a)!;
  const b = points.get(edge.b)!;
  const [start, end] = between(a, b, radius + 2);
  const middle = along(a, b, labelPart(edge.i, edge.j, count));
  const { color, width, dash } = LOOKS[edge.kind];
  const arrow = edge.only ? ` ${arrowOf(points.get(edge.only.from)!, points.get(edge.only.to)!)}` : "";
  const label = edge.label && edge.label + arrow;
  return (
    <g className={color} data-edge={`${edge.a}/${edge.b}`} data-kind={edge.kind}>
      <title>{`${edge.a} – ${edge.b}: ${edge.title}`}</title>
      <line x1={start.x} y1={start.y} x2={end.x} y2={end.y} stroke="currentColor" strokeWidth={width} strokeDasharray={dash} />
      {label && <EdgeLabel at={middle} text={label} />}
    </g>
  );
}

function EdgeLabel({ at, text }: { at: Point; text: string }) {
  const width = text.length * 6.6 + 8;
  return (
    <>
      <rect x={at.x - width / 2} y={at.y - 8} width={width} height={16} rx={8} className="fill-panel" stroke="currentColor" />
      <text
        x={at.x}
        y={at.y + 4}
        textAnchor="middle"
        className="fill-current text-[11px] font-semibold"
      >
        {text}
      </text>
    </>
  );
}
