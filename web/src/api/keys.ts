import { request, RequestError, type Answer } from "@/api/request";

export type Consistency = "linearizable" | "stale";

// Slashes are part of a key and need no escape, unless "." or ".." stands between them: browsers resolve those away,
// escaped or not. What is nothing else has no address at all.
export function pathOf(key: string): string {
  if (key === "." || key === "..") throw new RequestError(`no browser can ask for the key ${key}`, 400);
  const path = encodeURIComponent(key);
  return `/keys/${/(^|\/)\.{1,2}(\/|$)/.test(key) ? path : path.replaceAll("%2F", "/")}`;
}

export async function putKey(key: string, value: string, signal?: AbortSignal): Promise<Answer<undefined>> {
  return request("PUT", pathOf(key), { body: { value }, signal });
}

export async function getKey(
  key: string,
  consistency: Consistency = "linearizable",
  signal?: AbortSignal,
): Promise<Answer<{ key: string; value: string }>> {
  const query = consistency === "stale" ? "?consistency=stale" : "";
  return request("GET", pathOf(key) + query, { signal });
}

export async function deleteKey(key: string, signal?: AbortSignal): Promise<Answer<undefined>> {
  return request("DELETE", pathOf(key), { signal });
}

export interface KeyEntry {
  key: string;
  value: string;
  // The log index of its last change.
  version: number;
}

// GET /keys: a page in byte order. `next` is null where there is no more; `index` is the entry that it is as of.
export interface KeyPage {
  keys: KeyEntry[];
  next: string | null;
  index: number;
}

export async function listKeys(
  { prefix, after, limit }: { prefix: string; after: string | null; limit: number },
  signal?: AbortSignal,
): Promise<KeyPage> {
  const query = new URLSearchParams({ limit: String(limit) });
  if (prefix) query.set("prefix", prefix);
  if (after !== null) query.set("after", after);
  return (await request<KeyPage>("GET", `/keys?${query}`, { signal })).data;
}
