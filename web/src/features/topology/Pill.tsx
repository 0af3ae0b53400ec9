import { EDGE_LOOKS } from "@/features/topology/Edge";
import type { EdgeView } from "@/features/topology/edges";
import { LABEL_HEIGHT, widthOf } from "@/features/topology/labels";

interface PillProps {
  // Whose label it is: an edge's ends or a node.
  of: string;
  kind: EdgeView["kind"];
  text: string;
  x: number;
  y: number;
}

// What is wrong, on an edge or on a node.
export function Pill({ of, kind, text, x, y }: PillProps) {
  const width = widthOf(text);
  return (
    <g className={EDGE_LOOKS[kind].color} data-label={of} pointerEvents="none">
      <rect
        x={x - width / 2}
        y={y - LABEL_HEIGHT / 2}
        width={width}
        height={LABEL_HEIGHT}
        rx={LABEL_HEIGHT / 2}
        className="fill-panel"
        stroke="currentColor"
      />
      <text x={x} y={y + 4} textAnchor="middle" className="fill-current text-[11px] font-semibold">
        {text}
      </text>
    </g>
  );
}
