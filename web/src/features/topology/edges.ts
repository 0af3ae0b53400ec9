import type { ChaosState } from "@/api/types";
import { edgeFaultOf, type LinkFault } from "@/state/links";
import type { NodeView } from "@/state/nodes";

export interface EdgeView {
  a: string;
  b: string;
  i: number;
  j: number;
  // In the order of precedence. `down`: an end of it is.
  kind: "down" | "partitioned" | "lossy" | "delayed" | "replication" | "follower";
  label: string;
  only?: { from: string; to: string };
  title: string;
}

export function edgesOf(views: readonly NodeView[], chaos: ChaosState | null, leader_id: string): EdgeView[] {
  return views.flatMap((a, i) =>
    views.slice(i + 1).map((b, offset) => edgeOf(a, b, i, i + 1 + offset, chaos, leader_id)),
  );
}

function edgeOf(a: NodeView, b: NodeView, i: number, j: number, chaos: ChaosState | null, leader_id: string): EdgeView {
  const ends = { a: a.node.id, b: b.node.id, i, j };
  const { kind, label, only, forward, backward } = edgeFaultOf(chaos, ends.a, ends.b);
  if (kind !== "healthy") {
    const title = [`${ends.a} → ${ends.b}: ${describe(forward)}`, `${ends.b} → ${ends.a}: ${describe(backward)}`].join(
      ", ",
    );
    return { ...ends, kind, label, ...(only && { only }), title };
  }
  if (a.look === "down" || b.look === "down") return { ...ends, kind: "down", label: "", title: "one end is down" };
  const leads = ends.a === leader_id || ends.b === leader_id;
  return leads
    ? { ...ends, kind: "replication", label: "", title: "replication" }
    : { ...ends, kind: "follower", label: "", title: "between followers" };
}

function describe({ dropped, loss_rate, delay_ms, jitter_ms }: LinkFault): string {
  if (dropped) return "everything is dropped";
  const parts = [
    loss_rate > 0 && `${Math.round(loss_rate * 100)}% is lost`,
    delay_ms > 0 && `${delay_ms} ± ${jitter_ms} ms late`,
  ].filter(Boolean);
  return parts.join(" and ") || "no fault";
}
