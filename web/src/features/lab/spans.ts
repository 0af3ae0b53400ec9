// Faults that last: from the act that begins one to the one that takes it back.
import type { Trace } from "@/api/lab";

// Something that was done to a node and lasts.
export interface Span {
  begin: number;
  end: number;
  node: number;
}

// Which acts begin something that lasts, and what of a node it is about.
const BEGINS: Record<string, string> = {
  isolate: "links",
  partition: "links",
  cut: "links",
  loss: "links",
  delay: "links",
  slow_disk: "disk",
  full_disk: "full",
  clock_skew: "clock",
};

export function spansOf(trace: Trace, at: (id: unknown) => number, end: number): Span[] {
  const spans: Span[] = [];
  const open = new Map<string, Span>();
  const close = (t: number, key: string) => {
    const span = open.get(key);
    if (span) span.end = t;
    open.delete(key);
  };
  for (const event of trace.events) {
    if (event.e === "closing") for (const key of [...open.keys()]) close(event.t, key);
    if (event.e !== "act") continue;
    const act = event.act === undefined ? undefined : trace.experiment.acts[event.act];
    const kind = BEGINS[event.do!];
    const nodes = (event.nodes ?? []).map(at);
    if (event.do === "heal") {
      for (const key of [...open.keys()]) {
        if (key.startsWith("links") && (nodes.length === 0 || key === `links ${nodes[0]}`)) close(event.t, key);
      }
    }
    if (kind === undefined || event.why !== undefined) continue;
    const over = act?.ms === 0 || act?.full === false || act?.ppm === 0 || act?.percent === 0;
    for (const node of nodes) {
      const key = `${kind} ${node}`;
      if (over) close(event.t, key);
      else if (!open.has(key)) {
        const span = { begin: event.t, end, node };
        spans.push(span);
        open.set(key, span);
      }
    }
  }
  return spans;
}
