// The orders in which the catalogue can be read.
import type { Incident } from "@/api/lab";

export type Order = "first" | "rule" | "system";

export const ORDERS: [Order, string][] = [
  ["first", "course"],
  ["rule", "by rule"],
  ["system", "by system"],
];

const PAPER = "the Raft paper and thesis alone";

// "Raft 5.4.2" before "Raft 10", papers before what is beyond them.
const collator = new Intl.Collator("en", { numeric: true });

// Groups with their headings. One of several rules or systems stands under each.
export function grouped(incidents: Incident[], order: Order): [string, Incident[]][] {
  if (order === "first") return [["", incidents]];
  const groups = new Map<string, Incident[]>();
  for (const incident of incidents) {
    const headings = order === "rule" ? incident.paper : incident.systems.length > 0 ? incident.systems : [PAPER];
    for (const heading of headings) groups.set(heading, [...(groups.get(heading) ?? []), incident]);
  }
  const last = (heading: string) => heading === PAPER || heading.startsWith("beyond");
  return [...groups].sort(([a], [b]) => Number(last(a)) - Number(last(b)) || collator.compare(a, b));
}
