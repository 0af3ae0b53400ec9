import type { CSSProperties } from "react";
import { useSelect } from "@/state/hooks";
import { pulsesOf, type Pulse } from "@/features/topology/pulses";
import { along, between, type Point } from "@/features/topology/layout";

interface PulsesProps {
  points: ReadonlyMap<string, Point>;
  radius: number;
}

export function Pulses({ points, radius }: PulsesProps) {
  const traffic = useSelect((state) => state.picture.traffic);
  return (
    <g aria-hidden="true">
      {pulsesOf(traffic).map((pulse) => {
        const from = points.get(pulse.from);
        const to = points.get(pulse.to);
        if (!from || !to) return null;
        const [start, end] = between(from, to, radius + 2);
        return <PulseMark key={pulse.key} kind={pulse.kind} delay_ms={pulse.delay_ms} start={start} end={end} />;
      })}
    </g>
  );
}

const LOOKS: Record<Pulse["kind"], { path: string; color: string }> = {
  append: { path: "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0Z", color: "text-leader" },
  vote: { path: "M0-6 6 0 0 6-6 0Z", color: "text-candidate" },
  lost: { path: "M-4-4 4 4M4-4-4 4", color: "text-down" },
};

interface PulseMarkProps {
  kind: Pulse["kind"];
  delay_ms: number;
  start: Point;
  end: Point;
}

function PulseMark({ kind, delay_ms, start, end }: PulseMarkProps) {
  const { path, color } = LOOKS[kind];
  return (
    <path
      d={path}
      data-pulse={kind}
      className={`${color} ${kind === "lost" ? "pulse-lost" : "pulse"}`}
      fill={kind === "lost" ? "none" : "currentColor"}
      stroke="currentColor"
      strokeWidth={kind === "lost" ? 2.5 : 0}
      style={motion(start, end, delay_ms)}
    />
  );
}

function motion(start: Point, end: Point, delay_ms: number): CSSProperties {
  const lost = along(start, end, 0.36);
  const still = along(start, end, 0.25);
  const pixels = { x1: start.x, y1: start.y, x2: end.x, y2: end.y, xm: lost.x, ym: lost.y, xs: still.x, ys: still.y };
  return {
    ...Object.fromEntries(Object.entries(pixels).map(([name, value]) => [`--${name}`, `${value.toFixed(1)}px`])),
    animationDelay: `${Math.round(delay_ms)}ms`,
  };
}
