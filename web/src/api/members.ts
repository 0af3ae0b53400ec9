import { request } from "@/api/request";
import type { Members } from "@/api/types";

// A node that comes in, and where it listens.
export interface Newcomer {
  id: string;
  grpc: string;
  http: string;
  // It stays one: a read replica.
  learner?: boolean;
}

const BASE = "/api/cluster/members";
const pathOf = (id: string) => `${BASE}/${encodeURIComponent(id)}`;

// With `force` also where nothing can be committed afterwards.
export function addMember(node: Newcomer, force = false) {
  return request<Members>("POST", BASE, { body: { ...node, force } });
}

export function replaceMember(old: string, node: Newcomer, force = false) {
  return request<Members>("POST", `${pathOf(old)}/replace`, { body: { ...node, force } });
}

export function removeMember(id: string, force = false) {
  return request<Members>("DELETE", pathOf(id) + (force ? "?force=true" : ""));
}

export function promoteMember(id: string) {
  return request<Members>("POST", `${pathOf(id)}/promote`);
}

export function handOver(id: string) {
  return request<{ leader_id: string; took_ms: number }>("POST", "/api/cluster/leader", { body: { id } });
}
