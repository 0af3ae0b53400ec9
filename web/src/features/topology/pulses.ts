// What the nodes reported of their links, as marks that cross the edges. Nothing here is made up: no report, no pulse.
import type { TrafficFrame } from "@/state/picture";

export interface Pulse {
  key: string;
  from: string;
  to: string;
  kind: "append" | "vote" | "lost";
  delay_ms: number;
}

const MOST_PER_LINK = 3;
// Reports come about every 300 ms: the marks of one are spread so that they do not bunch up.
const SPREAD_MS = 300;

export function pulsesOf(traffic: readonly TrafficFrame[]): Pulse[] {
  return traffic.flatMap(({ sequence, links }) =>
    links.flatMap(({ from, to, appends, votes, losses }) => {
      const arrived = appends + votes > losses;
      return [
        ...marks("append", arrived ? appends : 0),
        ...marks("vote", arrived ? votes : 0),
        ...marks("lost", losses),
      ].map(({ kind, delay_ms }, i): Pulse => ({ key: `${sequence}/${from}/${to}/${i}`, from, to, kind, delay_ms }));
    }),
  );
}

// One mark for one message, two for four, three for sixteen and more: an edge shows how busy it is, not a number.
function marks(kind: Pulse["kind"], messages: number): Pick<Pulse, "kind" | "delay_ms">[] {
  if (messages <= 0) return [];
  const count = Math.min(MOST_PER_LINK, 1 + Math.floor(Math.log2(messages) / 2));
  return Array.from({ length: count }, (_, i) => ({ kind, delay_ms: (i * SPREAD_MS) / count }));
}
