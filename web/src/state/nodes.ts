import type { ChaosState, Cluster, ClusterNode } from "@/api/types";
import { isPartitioned } from "@/state/links";

// How a node is drawn. Candidate stands for pre-candidate too; down and partitioned outdo whatever it believes to be.
export type NodeLook = "leader" | "follower" | "candidate" | "down" | "partitioned";

export interface NodeView {
  node: ClusterNode;
  look: NodeLook;
  // The state in words, with what it still believes where it is cut off.
  label: string;
}

export function nodeViews(cluster: Cluster | null, chaos: ChaosState | null): NodeView[] {
  const ids = cluster?.nodes.map((node) => node.id) ?? [];
  return (cluster?.nodes ?? []).map((node) => viewOf(node, isPartitioned(chaos, node.id, ids), cluster?.leader_id ?? ""));
}

function viewOf(node: ClusterNode, partitioned: boolean, leader_id: string): NodeView {
  if (!node.reachable || node.state === "Down") return { node, look: "down", label: "Down" };
  if (partitioned) return { node, look: "partitioned", label: `Cut off · ${node.state}` };
  switch (node.state) {
    case "Leader":
      return { node, look: "leader", label: node.id === leader_id ? "Leader" : "Leader (deposed)" };
    case "Candidate":
      return { node, look: "candidate", label: "Candidate" };
    case "PreCandidate":
      return { node, look: "candidate", label: "Pre-candidate" };
    default:
      return { node, look: "follower", label: "Follower" };
  }
}
