import type { ChaosState, Cluster } from "@/api/types";
import { installedRules } from "@/state/links";

export type Health = "PARTITIONED" | "HEALTHY" | "DEGRADED" | "CRITICAL" | "UNKNOWN";

export function healthOf(cluster: Cluster | null, chaos: ChaosState | null): Health {
  if (!cluster) return "UNKNOWN";
  if (installedRules(chaos).some((rule) => rule.action === "drop")) return "PARTITIONED";
  const total = cluster.nodes.length;
  const reachable = reachableCount(cluster);
  if (reachable === total && cluster.leader_id) return "HEALTHY";
  return reachable > total / 2 ? "DEGRADED" : "CRITICAL";
}

export function reachableCount(cluster: Cluster): number {
  return cluster.nodes.filter((node) => node.reachable).length;
}
