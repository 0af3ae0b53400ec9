import { request, type Answer } from "@/api/request";

export type Consistency = "linearizable" | "stale";

// Slashes are part of a key and need no escape; "." and ".." would be resolved away by the browser.
function pathOf(key: string): string {
  const path = key
    .split("/")
    .map((part) => encodeURIComponent(part).replace(/^\.{1,2}$/, (dots) => "%2E".repeat(dots.length)));
  return `/keys/${path.join("/")}`;
}

export function putKey(key: string, value: string, signal?: AbortSignal): Promise<Answer<undefined>> {
  return request("PUT", pathOf(key), { body: { value }, signal });
}

export function getKey(
  key: string,
  consistency: Consistency = "linearizable",
  signal?: AbortSignal,
): Promise<Answer<{ key: string; value: string }>> {
  const query = consistency === "stale" ? "?consistency=stale" : "";
  return request("GET", pathOf(key) + query, { signal });
}

export function deleteKey(key: string, signal?: AbortSignal): Promise<Answer<undefined>> {
  return request("DELETE", pathOf(key), { signal });
}
