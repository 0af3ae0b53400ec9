import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { deleteKey, getKey, listKeys, putKey } from "@/api/keys";

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
  expect(asked()).toEqual(["GET /keys/a/b%20c/%C3%A4%3F%23%25", "GET /keys/..%2F."]);
});

it.each(["../.", "a/..", "./a", "a//b/../c", "...", ".a/..b"])(
  "arrives at %s as a browser resolves it",
  async (key) => {
    await getKey(key);
    const { pathname } = new URL(fetch.mock.calls[0]![0] as string, "http://node1");
    expect(decodeURIComponent(pathname)).toBe(`/keys/${key}`);
  },
);

it.each([".", ".."])("says that %s has no address", async (key) => {
  await expect(putKey(key, "v")).rejects.toMatchObject({ status: 400 });
  expect(fetch).not.toHaveBeenCalled();
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

it("asks for a page of keys", async () => {
  await listKeys({ prefix: "", after: null, limit: 100 });
  await listKeys({ prefix: "a&b/", after: "a&b/ä\n", limit: 7 });
  expect(asked()).toEqual(["GET /keys?limit=100", "GET /keys?limit=7&prefix=a%26b%2F&after=a%26b%2F%C3%A4%0A"]);
});
