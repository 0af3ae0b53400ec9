import type { NodeLook } from "@/state/nodes";

// A shape for each state, so that colour is not the only sign. Drawn around 0,0 in a box of 16.
const SHAPES: Record<NodeLook, string> = {
  leader: "M0-6.5 1.9-2.2 6.5-1.8 3 1.3 4.1 6 0 3.5-4.1 6-3 1.3-6.5-1.8-1.9-2.2Z",
  follower: "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0Z",
  learner: "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0ZM-2.5 0a2.5 2.5 0 1 1 5 0a2.5 2.5 0 1 1-5 0Z",
  leaving: "M-5.5-1.5H.5V-5L6 0 .5 5V1.5h-6Z",
  candidate: "M0-5.5 5.5 4.5H-5.5Z",
  down: "M-5-3.5-3.5-5 0-1.5 3.5-5 5-3.5 1.5 0 5 3.5 3.5 5 0 1.5-3.5 5-5 3.5-1.5 0Z",
  partitioned: "M-6-5.5h4.5v11H-6ZM1.5-5.5H6v11H1.5Z",
};

export const LOOK_COLOR: Record<NodeLook, string> = {
  leader: "text-leader",
  follower: "text-follower",
  learner: "text-follower",
  leaving: "text-muted",
  candidate: "text-candidate",
  down: "text-down",
  partitioned: "text-down",
};

export function StatePath({ look }: { look: NodeLook }) {
  return <path d={SHAPES[look]} fill="currentColor" />;
}

export function StateGlyph({ look }: { look: NodeLook }) {
  return (
    <svg viewBox="-8 -8 16 16" className="size-3.5 shrink-0" aria-hidden="true">
      <StatePath look={look} />
    </svg>
  );
}
