import type { ChaosState, Cluster, ClusterNode, NodeState } from "@/api/types";
import { isPartitioned } from "@/state/links";

// How a node is drawn. Candidate stands for pre-candidate too; down and partitioned outdo whatever it believes to be.
export type NodeLook = "leader" | "follower" | "candidate" | "down" | "partitioned";

export interface NodeView {
  node: ClusterNode;
  look: NodeLook;
  // The state in words: what the node takes itself for, also where it is cut off.
  label: string;
}

export function nodeViews(cluster: Cluster | null, chaos: ChaosState | null): NodeView[] {
  const ids = cluster?.nodes.map((node) => node.id) ?? [];
  return (cluster?.nodes ?? []).map((node) =>
    viewOf(node, isPartitioned(chaos, node.id, ids), cluster?.leader_id ?? ""),
  );
}

function viewOf(node: ClusterNode, partitioned: boolean, leader_id: string): NodeView {
  if (!node.reachable || node.state === "Down") return { node, look: "down", label: "Down" };
  const { look, label } = ROLES[node.state];
  if (partitioned) return { node, look: "partitioned", label };
  return { node, look, label: look === "leader" && node.id !== leader_id ? "Leader (deposed)" : label };
}

const ROLES: Record<Exclude<NodeState, "Down">, { look: NodeLook; label: string }> = {
  Leader: { look: "leader", label: "Leader" },
  Follower: { look: "follower", label: "Follower" },
  Candidate: { look: "candidate", label: "Candidate" },
  PreCandidate: { look: "candidate", label: "Pre-candidate" },
};
