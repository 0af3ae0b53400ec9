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

export function faultOf(chaos: ChaosState | null, from: string, to: string): LinkFault {
  let fault = NO_FAULT;
  for (const { node, rules } of chaos?.peers ?? []) {
    if (node !== from && node !== to) continue;
    for (const rule of rules) if (matches(rule, from, to)) fault = compose(fault, rule);
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

// Both directions of a pair as one edge, the worse one counting. A partition in one direction breaks both: a call
// needs its answer.
export interface EdgeFault {
  kind: LinkKind;
  // What is written on the edge: ✕, "30%", "200 ms", or nothing.
  label: string;
  // The only direction affected; absent where both are.
  only?: { from: string; to: string };
  forward: LinkFault;
  backward: LinkFault;
}

export function edgeFaultOf(chaos: ChaosState | null, a: string, b: string): EdgeFault {
  const forward = faultOf(chaos, a, b);
  const backward = faultOf(chaos, b, a);
  const affected = (is: (fault: LinkFault) => boolean) =>
    is(forward) === is(backward) ? {} : { only: is(forward) ? { from: a, to: b } : { from: b, to: a } };
  const loss = Math.max(forward.loss_rate, backward.loss_rate);
  const delay = Math.max(forward.delay_ms, backward.delay_ms);
  if (forward.dropped || backward.dropped) {
    return { kind: "partitioned", label: "✕", ...affected((fault) => fault.dropped), forward, backward };
  }
  if (loss > 0) {
    const label = `${Math.round(loss * 100)}%`;
    return { kind: "lossy", label, ...affected((fault) => fault.loss_rate > 0), forward, backward };
  }
  if (delay > 0) {
    return { kind: "delayed", label: `${delay} ms`, ...affected((fault) => fault.delay_ms > 0), forward, backward };
  }
  return { kind: "healthy", label: "", forward, backward };
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
