import { classes } from "@/components/classes";
import { shorten } from "@/components/shorten";
import { LOOK_COLOR, StatePath } from "@/components/StateGlyph";
import type { NodeView } from "@/state/nodes";
import type { Point } from "@/features/topology/layout";

interface NodeMarkProps {
  view: NodeView;
  point: Point;
  radius: number;
  name_length: number;
}

export function NodeMark({ view: { node, look, label }, point, radius, name_length }: NodeMarkProps) {
  const dashed = look === "down" || look === "partitioned" || look === "candidate";
  return (
    <g
      transform={`translate(${point.x} ${point.y})`}
      className={classes(LOOK_COLOR[look], look === "down" && "opacity-70")}
      data-mark={node.id}
      data-look={look}
    >
      <title>{`${node.id}: ${label}, term ${node.term}`}</title>
      {/* A new leader, or the same in a new term, sends a ring around itself. */}
      {look === "leader" && (
        <circle
          key={node.term}
          className="ring"
          fill="none"
          stroke="currentColor"
          strokeWidth="2"
          style={{ "--r1": `${radius}px`, "--r2": `${radius * 2}px` } as React.CSSProperties}
        />
      )}
      <circle r={radius} className="fill-panel" />
      <circle
        r={radius}
        fill="currentColor"
        fillOpacity="0.14"
        stroke="currentColor"
        strokeWidth={look === "leader" ? 3 : 2}
        strokeDasharray={dashed ? "4 3" : undefined}
      />
      <g transform={`translate(0 -4) scale(${radius / 22})`}>
        <StatePath look={look} />
      </g>
      <text y={radius * 0.62} textAnchor="middle" className="fill-ink text-[10px] font-semibold">
        {node.reachable ? `t${node.term}` : ""}
      </text>
      <text y={radius + 13} textAnchor="middle" className="fill-ink text-[12px] font-semibold">
        {shorten(node.id, name_length)}
      </text>
      <text y={radius + 26} textAnchor="middle" className="fill-current text-[11px]">
        {shorten(label, 22)}
      </text>
    </g>
  );
}
