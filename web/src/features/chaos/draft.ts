// A fault as it is being put together in the form.
import type { Fault } from "@/api/chaos";
import { problemOf } from "@/components/number";

export const DELAY_MS = { min: 1, max: 5_000 };
export const JITTER_MS = { min: 0, max: 2_000 };
export const LOSS_PERCENT = { min: 5, max: 95, step: 5 };

export interface Draft {
  // "" stands for the first that fits.
  node: string;
  other: string;
  // As typed.
  delay_ms: string;
  jitter_ms: string;
  loss_percent: number;
}

export const initialDraft: Draft = { node: "", other: "", delay_ms: "200", jitter_ms: "50", loss_percent: 30 };

// Whoever is no member any more cannot be chosen.
export function withoutGone(draft: Draft, nodes: readonly string[]): Draft {
  const there = (id: string) => (nodes.includes(id) ? id : "");
  return { ...draft, node: there(draft.node), other: there(draft.other) };
}

// The fault, or what is wrong with the draft.
export function faultOf(kind: Fault["kind"], draft: Draft, nodes: readonly string[]): Fault | string {
  const node = draft.node || nodes[0];
  if (!node) return "there is no node";
  switch (kind) {
    case "isolate":
      return { kind, node };
    case "partition": {
      const other = draft.other || nodes.find((id) => id !== node);
      if (!other) return "it takes two nodes";
      return node === other ? "Choose two different nodes" : { kind, a: node, b: other };
    }
    case "delay": {
      if (problemOf(draft.delay_ms, DELAY_MS) || problemOf(draft.jitter_ms, JITTER_MS)) return "Check the numbers";
      return { kind, node, delay_ms: Number(draft.delay_ms), jitter_ms: Number(draft.jitter_ms) };
    }
    case "loss":
      return { kind, node, loss_rate: draft.loss_percent / 100 };
  }
}
