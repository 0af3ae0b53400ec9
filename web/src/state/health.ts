import type { ChaosState, Cluster, ClusterNode, Members } from "@/api/types";
import { installedRules } from "@/state/links";
import { votersOf } from "@/state/members";

export type Health = "PARTITIONED" | "HEALTHY" | "DEGRADED" | "CRITICAL" | "UNKNOWN";

// Every node belongs to a healthy cluster; whether there is a majority is up to those that vote.
export function healthOf(cluster: Cluster | null, chaos: ChaosState | null, members: Members | null = null): Health {
  if (!cluster) return "UNKNOWN";
  if (installedRules(chaos).some((rule) => rule.action === "drop")) return "PARTITIONED";
  if (reachableCount(cluster.nodes) === cluster.nodes.length && cluster.leader_id) return "HEALTHY";
  const voters = votersOf(cluster, members);
  return reachableCount(voters) > voters.length / 2 ? "DEGRADED" : "CRITICAL";
}

export function reachableCount(nodes: readonly ClusterNode[]): number {
  return nodes.filter((node) => node.reachable).length;
}
