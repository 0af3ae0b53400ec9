import { useRef, type CSSProperties } from "react";
import { classes } from "@/components/classes";
import { LOOK_COLOR, StatePath } from "@/components/StateGlyph";
import type { NodeLook, NodeView } from "@/state/nodes";
import { BADGE, textAt, type Place } from "@/features/topology/layout";
import { Pill } from "@/features/topology/Pill";
import type { NodeFault } from "@/state/links";

interface NodeMarkProps {
  view: NodeView;
  // Short enough for the drawing.
  name: string;
  // Where it believes to be, or that it is cut off.
  state: string;
  fault: NodeFault | undefined;
  // The members change: who votes then has a ring, who leaves a broken one.
  joint: boolean;
  place: Place;
  // Of the circle, before scaling.
  radius: number;
  scale: number;
}

// Of a circle's line. A learner's is dotted: it is given the log, and counted for nothing.
const DASHES: Partial<Record<NodeLook, string>> = {
  down: "4 3",
  partitioned: "4 3",
  candidate: "4 3",
  learner: "0.1 4.5",
  leaving: "9 4",
};

export function NodeMark({ view, name, state, fault, joint, place, radius, scale }: NodeMarkProps) {
  const { node, look, label, role } = view;
  // The term in which it led when it was first drawn: old news.
  const old_term = useRef(look === "leader" ? node.term : undefined);
  const { anchor, x, y } = textAt(place.text, radius);
  return (
    <g
      transform={`translate(${place.x} ${place.y}) scale(${scale})`}
      className={classes(LOOK_COLOR[look], look === "down" && "opacity-70")}
      data-mark={node.id}
      data-look={look}
      data-role={role}
    >
      <title>{`${node.id}: ${look === "partitioned" ? "cut off, " : ""}${label}, ${role}, term ${node.term}`}</title>
      {/* A new leader, or the same in a new term, sends a ring around itself. */}
      {look === "leader" && node.term !== old_term.current && (
        <circle
          key={node.term}
          className="ring"
          fill="none"
          stroke="currentColor"
          strokeWidth="2"
          style={{ "--r1": `${radius}px`, "--r2": `${radius * 2}px` } as CSSProperties}
        />
      )}
      <circle r={radius} className="fill-panel" />
      <circle
        r={radius}
        fill="currentColor"
        fillOpacity={look === "learner" ? 0.04 : 0.14}
        stroke="currentColor"
        strokeWidth={look === "leader" ? 3 : 2}
        strokeDasharray={DASHES[look]}
        strokeLinecap={look === "learner" ? "round" : undefined}
      />
      {joint && role !== "learner" && (
        <circle
          r={radius + 3.5}
          fill="none"
          className="text-accent"
          stroke="currentColor"
          strokeDasharray={role === "leaving" ? "3 3" : undefined}
        />
      )}
      <g transform="translate(0 -4)">
        <StatePath look={look} />
      </g>
      <text y={radius - 6} textAnchor="middle" className="fill-ink text-[10px] font-semibold">
        {node.reachable ? `t${node.term}` : ""}
      </text>
      <text x={x} y={y} textAnchor={anchor} className="halo fill-ink text-[12px] font-semibold">
        {name}
      </text>
      <text x={x} y={y + 13} textAnchor={anchor} className="halo fill-current text-[11px]">
        {state}
      </text>
      {fault && <Pill of={node.id} kind={fault.kind} text={fault.label} x={0} y={-radius - BADGE} />}
    </g>
  );
}
