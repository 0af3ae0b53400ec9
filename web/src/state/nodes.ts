import type { ChaosState, Cluster, ClusterNode, MemberRole, Members, NodeState } from "@/api/types";
import { isPartitioned } from "@/state/links";
import { roleOf } from "@/state/members";

// How a node is drawn. Candidate stands for pre-candidate too; down and partitioned outdo whatever it believes to be.
// Learners and who is leaving are followers of another look.
export type NodeLook = "leader" | "follower" | "learner" | "leaving" | "candidate" | "down" | "partitioned";

export interface NodeView {
  node: ClusterNode;
  look: NodeLook;
  // The state in words: what the node takes itself for, also where it is cut off.
  label: string;
  role: MemberRole;
}

export function nodeViews(
  cluster: Cluster | null,
  chaos: ChaosState | null,
  members: Members | null = null,
): NodeView[] {
  const ids = cluster?.nodes.map((node) => node.id) ?? [];
  return (cluster?.nodes ?? []).map((node) =>
    viewOf(node, isPartitioned(chaos, node.id, ids), cluster?.leader_id ?? "", roleOf(members, node.id)),
  );
}

function viewOf(node: ClusterNode, partitioned: boolean, leader_id: string, role: MemberRole): NodeView {
  if (!node.reachable || node.state === "Down") return { node, look: "down", label: "Down", role };
  const { look, label } = node.state === "Follower" ? FOLLOWERS[role] : STATES[node.state];
  if (partitioned) return { node, look: "partitioned", label, role };
  return { node, look, label: look === "leader" && node.id !== leader_id ? "Leader (deposed)" : label, role };
}

const FOLLOWERS: Record<MemberRole, { look: NodeLook; label: string }> = {
  voter: { look: "follower", label: "Follower" },
  learner: { look: "learner", label: "Learner" },
  leaving: { look: "leaving", label: "Leaving" },
};

const STATES: Record<Exclude<NodeState, "Down" | "Follower">, { look: NodeLook; label: string }> = {
  Leader: { look: "leader", label: "Leader" },
  Candidate: { look: "candidate", label: "Candidate" },
  PreCandidate: { look: "candidate", label: "Pre-candidate" },
};
