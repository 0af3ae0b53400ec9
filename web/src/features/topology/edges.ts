import type { ChaosState, ClusterNode } from "@/api/types";
import { edgeFaultOf, edgeLabelOf, type LinkFault, type NodeFault } from "@/state/links";
import type { NodeView } from "@/state/nodes";

export interface EdgeView {
  a: string;
  b: string;
  // In the order of precedence. `down`: an end of it is.
  kind: "down" | "partitioned" | "lossy" | "delayed" | "replication" | "follower";
  // What is wrong with this link alone, or how much of a snapshot has gone over it; with an arrow where it is so in one
  // direction.
  label: string;
  only?: { from: string; to: string };
  title: string;
}

// `faulty`: the nodes that are said to be faulty themselves, with what their marks say.
export function edgesOf(
  views: readonly NodeView[],
  chaos: ChaosState | null,
  leader_id: string,
  faulty: ReadonlyMap<string, NodeFault> = new Map(),
): EdgeView[] {
  return views.flatMap((a, i) => views.slice(i + 1).map((b) => edgeOf(a, b, chaos, leader_id, faulty)));
}

function edgeOf(
  a: NodeView,
  b: NodeView,
  chaos: ChaosState | null,
  leader_id: string,
  faulty: ReadonlyMap<string, NodeFault>,
): EdgeView {
  const ends = { a: a.node.id, b: b.node.id };
  const { kind, forward, backward } = edgeFaultOf(chaos, ends.a, ends.b);
  if (kind !== "healthy") {
    const title = [`${ends.a} → ${ends.b}: ${describe(forward)}`, `${ends.b} → ${ends.a}: ${describe(backward)}`].join(
      ", ",
    );
    return { ...ends, kind, ...edgeLabelOf(chaos, ends.a, ends.b, faulty), title };
  }
  if (a.look === "down" || b.look === "down") return { ...ends, kind: "down", label: "", title: "one end is down" };
  const leads = ends.a === leader_id || ends.b === leader_id;
  if (!leads) return { ...ends, kind: "follower", label: "", title: "between followers" };
  const sending = snapshotBetween(a.node, b.node);
  return sending
    ? {
        ...ends,
        kind: "replication",
        label: `${sending.percent}%`,
        only: { from: sending.from, to: sending.to },
        title: `${sending.from} sends ${sending.to} its snapshot, ${sending.percent}% of it is there`,
      }
    : { ...ends, kind: "replication", label: "", title: "replication" };
}

function snapshotBetween(a: ClusterNode, b: ClusterNode): { from: string; to: string; percent: number } | undefined {
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    const snapshot = from.sending?.find((each) => each.to === to.id);
    if (snapshot) return { from: from.id, ...snapshot };
  }
  return undefined;
}

function describe({ dropped, loss_rate, delay_ms, jitter_ms }: LinkFault): string {
  if (dropped) return "everything is dropped";
  const parts = [
    loss_rate > 0 && `${Math.round(loss_rate * 100)}% is lost`,
    delay_ms > 0 && `${delay_ms} ± ${jitter_ms} ms late`,
  ].filter(Boolean);
  return parts.join(" and ") || "no fault";
}
