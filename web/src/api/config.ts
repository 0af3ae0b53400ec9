import { request } from "@/api/request";
import type { ClusterConfig, NodeConfig } from "@/api/types";

export interface Timings {
  election_timeout_ms: number;
  heartbeat_ms: number;
}

export async function readConfig(signal?: AbortSignal): Promise<NodeConfig[]> {
  return (await request<ClusterConfig>("GET", "/api/cluster/config", { signal })).data.nodes;
}

export async function applyConfig(timings: Timings): Promise<NodeConfig[]> {
  return (await request<ClusterConfig>("POST", "/api/cluster/config", { body: timings })).data.nodes;
}
