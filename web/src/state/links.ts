// What the rules installed on the nodes do to the links between them.
import type { ChaosState, Rule } from "@/api/types";

// What happens to messages in one direction. A message passes the rules of the node that sends it and then those of
// the node that receives it, so rules on both ends compose: delays add up, losses are independent trials.
export interface LinkFault {
  dropped: boolean;
  loss_rate: number;
  delay_ms: number;
  jitter_ms: number;
}

const NO_FAULT: LinkFault = { dropped: false, loss_rate: 0, delay_ms: 0, jitter_ms: 0 };

type Wanted = (rule: Rule, owner: string) => boolean;

export function faultOf(chaos: ChaosState | null, from: string, to: string, wanted: Wanted = () => true): LinkFault {
  let fault = NO_FAULT;
  for (const { node, rules } of chaos?.peers ?? []) {
    if (node !== from && node !== to) continue;
    for (const rule of rules) if (matches(rule, from, to) && wanted(rule, node)) fault = compose(fault, rule);
  }
  return fault;
}

function matches(rule: Rule, from: string, to: string): boolean {
  return (!rule.from_node || rule.from_node === from) && (!rule.to_node || rule.to_node === to);
}

function compose(fault: LinkFault, { action, params = {} }: Rule): LinkFault {
  switch (action) {
    case "drop":
      return { ...fault, dropped: true };
    case "loss":
      return { ...fault, loss_rate: 1 - (1 - fault.loss_rate) * (1 - (params.loss_rate ?? 0)) };
    case "delay":
      return {
        ...fault,
        delay_ms: fault.delay_ms + (params.delay_ms ?? 0),
        jitter_ms: fault.jitter_ms + (params.jitter_ms ?? 0),
      };
  }
}

export type LinkKind = "partitioned" | "lossy" | "delayed" | "healthy";

// ✕, "30%", "200 ms", or nothing.
function labelOf({ dropped, loss_rate, delay_ms }: LinkFault): string {
  if (dropped) return "✕";
  if (loss_rate > 0) return `${Math.round(loss_rate * 100)}%`;
  return delay_ms > 0 ? `${delay_ms} ms` : "";
}

function kindOf({ dropped, loss_rate, delay_ms }: LinkFault): LinkKind {
  if (dropped) return "partitioned";
  if (loss_rate > 0) return "lossy";
  return delay_ms > 0 ? "delayed" : "healthy";
}

function worse(a: LinkFault, b: LinkFault): LinkFault {
  return {
    dropped: a.dropped || b.dropped,
    loss_rate: Math.max(a.loss_rate, b.loss_rate),
    delay_ms: Math.max(a.delay_ms, b.delay_ms),
    jitter_ms: Math.max(a.jitter_ms, b.jitter_ms),
  };
}

// Both directions of a pair as one edge, the worse one counting. A partition in one direction breaks both: a call
// needs its answer.
export interface EdgeFault {
  kind: LinkKind;
  label: string;
  // The only direction affected; absent where both are.
  only?: { from: string; to: string };
  forward: LinkFault;
  backward: LinkFault;
}

export function edgeFaultOf(chaos: ChaosState | null, a: string, b: string, wanted?: Wanted): EdgeFault {
  const forward = faultOf(chaos, a, b, wanted);
  const backward = faultOf(chaos, b, a, wanted);
  const both = worse(forward, backward);
  const kind = kindOf(both);
  const affected = (fault: LinkFault) => (kind === "partitioned" ? fault.dropped : kindOf(fault) === kind);
  const only =
    affected(forward) === affected(backward) ? undefined : affected(forward) ? { from: a, to: b } : { from: b, to: a };
  return { kind, label: labelOf(both), ...(only && { only }), forward, backward };
}

// Of a rule that is about everything a node sends, or is sent, wherever it is installed.
function isAbout(node: string): Wanted {
  return (rule, owner) =>
    (rule.from_node === node && !rule.to_node) ||
    (rule.to_node === node && !rule.from_node) ||
    (!rule.from_node && !rule.to_node && owner === node);
}

// What is wrong with a node rather than with one of its links: it is cut from all others, or rules about it alone do
// the same to all its links, both ways. The rules of other nodes on the same links do not count. Of two nodes neither
// is the faulty one.
export interface NodeFault {
  kind: Exclude<LinkKind, "healthy">;
  label: string;
}

export function nodeFaultOf(chaos: ChaosState | null, node: string, all: readonly string[]): NodeFault | undefined {
  if (all.length <= 2) return undefined;
  if (isPartitioned(chaos, node, all)) return { kind: "partitioned", label: "✕" };
  const own = isAbout(node);
  const faults = all
    .filter((other) => other !== node)
    .flatMap((other) => [faultOf(chaos, node, other, own), faultOf(chaos, other, node, own)]);
  const kind = kindOf(faults[0]!);
  const label = labelOf(faults[0]!);
  return kind !== "healthy" && faults.every((fault) => labelOf(fault) === label) ? { kind, label } : undefined;
}

// What is written on an edge: what its ends, of which `faulty` are said to be faulty as nodes, do not say already.
export function edgeLabelOf(
  chaos: ChaosState | null,
  a: string,
  b: string,
  faulty: ReadonlyMap<string, NodeFault>,
): Pick<EdgeFault, "label" | "only"> {
  const ends = [a, b].filter((end) => faulty.has(end));
  if (ends.some((end) => faulty.get(end)!.kind === "partitioned")) return { label: "" };
  const said = ends.map(isAbout);
  const { label, only } = edgeFaultOf(chaos, a, b, (rule, owner) => !said.some((by) => by(rule, owner)));
  return { label, ...(only && { only }) };
}

// A pair cannot talk when either direction is cut.
export function isCut(chaos: ChaosState | null, a: string, b: string): boolean {
  return faultOf(chaos, a, b).dropped || faultOf(chaos, b, a).dropped;
}

// Cut from every other node.
export function isPartitioned(chaos: ChaosState | null, node: string, all: readonly string[]): boolean {
  const others = all.filter((other) => other !== node);
  return others.length > 0 && others.every((other) => isCut(chaos, node, other));
}

export interface InstalledRule extends Rule {
  installed_on: string;
}

export function installedRules(chaos: ChaosState | null): InstalledRule[] {
  return (chaos?.peers ?? []).flatMap(({ node, rules }) => rules.map((rule) => ({ ...rule, installed_on: node })));
}
