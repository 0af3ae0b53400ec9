import { expect, it, vi } from "vitest";
import { request, RequestError } from "@/api/request";

const answer = (body: string | null, init: ResponseInit = {}) =>
  vi.stubGlobal("fetch", () =>
    Promise.resolve(new Response(body, { ...init, headers: { "Raftly-Node": "node2", ...init.headers } })),
  );

it("tells who answered, how, and what", async () => {
  answer('{"id":"node2"}');
  expect(await request("GET", "/status")).toMatchObject({ data: { id: "node2" }, node: "node2", status: 200 });
});

it("takes an empty body for no data", async () => {
  answer(null);
  expect((await request("PUT", "/keys/a")).data).toBeUndefined();
});

it("throws the server's own words", async () => {
  answer('{"error":"heartbeat_ms: too high"}', { status: 400 });
  await expect(request("POST", "/api/config")).rejects.toMatchObject({
    name: "RequestError",
    message: "heartbeat_ms: too high",
    status: 400,
    node: "node2",
  });
});

it("throws the status where there are no words", async () => {
  answer("<html>", { status: 502 });
  await expect(request("GET", "/status")).rejects.toThrow("HTTP 502");
});

it("says that a node cannot be reached", async () => {
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
  const failed = request("GET", "/status");
  await expect(failed).rejects.toBeInstanceOf(RequestError);
  await expect(failed).rejects.toMatchObject({ status: 0, message: "the node cannot be reached" });
});

it("throws what the caller aborted with, not an error of the node", async () => {
  const abort = new AbortController();
  vi.stubGlobal("fetch", (_: string, { signal }: RequestInit) => {
    abort.abort();
    return Promise.reject(signal?.reason as Error);
  });
  await expect(request("GET", "/status", { signal: abort.signal })).rejects.toMatchObject({ name: "AbortError" });
});
