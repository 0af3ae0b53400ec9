import { request, RequestError } from "@/api/request";
import type { ChaosResult, HealResult } from "@/api/types";

// A fault that the cluster's nodes inject among themselves. HTTP is never touched, so healing always gets through.
export type Fault =
  | { kind: "isolate"; node: string }
  | { kind: "partition"; a: string; b: string }
  | { kind: "delay"; node: string; delay_ms: number; jitter_ms: number }
  | { kind: "loss"; node: string; loss_rate: number };

// The names of nodes where it could not be installed, empty when all is well. Throws where no node took it: then
// nothing has happened, which must not pass for a fault.
export async function injectFault(fault: Fault, signal?: AbortSignal): Promise<string[]> {
  const { kind, ...body } = fault;
  const { data } = await request<ChaosResult>("POST", `/api/cluster/chaos/${kind}`, { body, signal });
  const failed = data.results.filter((row) => row.error);
  if (failed.length > 0 && failed.length === data.results.length) {
    throw new RequestError(`no node installed it: ${failed[0]?.error}`, 0);
  }
  return failed.map((row) => row.node);
}

// Per node "ok" or what went wrong.
export async function healAll({ keepalive = false } = {}): Promise<Record<string, string>> {
  const { data } = await request<HealResult>("POST", "/api/cluster/chaos/heal", { keepalive });
  return data.healed;
}
