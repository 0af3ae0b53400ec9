import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { deleteKey, getKey, putKey } from "@/api/keys";

const fetch = vi.fn<typeof globalThis.fetch>();
beforeEach(() => {
  fetch.mockImplementation(() => Promise.resolve(new Response(null, { headers: { "Raftly-Node": "node2" } })));
  vi.stubGlobal("fetch", fetch);
});
afterEach(() => void fetch.mockReset());
const asked = () => fetch.mock.calls.map(([path, init]) => `${init?.method} ${path as string}`);

it("keeps slashes and escapes everything else that a path cannot hold", async () => {
  await getKey("a/b c/ä?#%");
  await getKey("../.");
  expect(asked()).toEqual(["GET /keys/a/b%20c/%C3%A4%3F%23%25", "GET /keys/%2E%2E/%2E"]);
});

it("asks for a stale read only where it is wanted", async () => {
  await getKey("k", "linearizable");
  await getKey("k", "stale");
  expect(asked()).toEqual(["GET /keys/k", "GET /keys/k?consistency=stale"]);
});

it("sends the value as JSON", async () => {
  await putKey("k", 'say "hi"');
  await deleteKey("k");
  expect(asked()).toEqual(["PUT /keys/k", "DELETE /keys/k"]);
  expect(fetch.mock.calls[0]?.[1]?.body).toBe('{"value":"say \\"hi\\""}');
});
