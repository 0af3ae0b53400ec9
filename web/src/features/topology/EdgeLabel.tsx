import { EDGE_LOOKS } from "@/features/topology/Edge";
import type { EdgeView } from "@/features/topology/edges";
import { along, arrowOf, labelPart, type Point } from "@/features/topology/layout";

interface EdgeLabelProps {
  edge: EdgeView;
  points: ReadonlyMap<string, Point>;
  count: number;
}

// What is wrong with an edge, in a pill on it; with an arrow where only one direction is affected.
export function EdgeLabel({ edge, points, count }: EdgeLabelProps) {
  if (!edge.label) return null;
  const { x, y } = along(points.get(edge.a)!, points.get(edge.b)!, labelPart(edge.i, edge.j, count));
  const arrow = edge.only ? ` ${arrowOf(points.get(edge.only.from)!, points.get(edge.only.to)!)}` : "";
  const text = edge.label + arrow;
  const width = text.length * 6.6 + 10;
  return (
    <g className={EDGE_LOOKS[edge.kind].color} data-label={`${edge.a}/${edge.b}`} pointerEvents="none">
      <rect x={x - width / 2} y={y - 8} width={width} height={16} rx={8} className="fill-panel" stroke="currentColor" />
      <text x={x} y={y + 4} textAnchor="middle" className="fill-current text-[11px] font-semibold">
        {text}
      </text>
    </g>
  );
}
