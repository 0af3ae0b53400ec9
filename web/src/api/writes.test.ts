import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { newIdempotencyKey, write, type Write } from "@/api/writes";
import { FakeKeys } from "@/test/fakeKeys";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("makes keys that do not repeat, where randomUUID is missing, too", () => {
  vi.stubGlobal("crypto", { getRandomValues: crypto.getRandomValues.bind(crypto) });
  const keys = Array.from({ length: 100 }, newIdempotencyKey);
  expect(new Set(keys).size).toBe(100);
  expect(keys.every((key) => /^[0-9a-f]{32}$/.test(key))).toBe(true);
});

it.each<[Write, string, Record<string, string>]>([
  [{ op: "put", key: "a/b", value: "v", expected: 7 }, "PUT /keys/a/b", { "If-Match": '"7"' }],
  [{ op: "put", key: "a b", value: "", expected: 0 }, "PUT /keys/a%20b", { "If-None-Match": "*" }],
  [{ op: "delete", key: "\n", expected: 7 }, "DELETE /keys/%0A", { "If-Match": '"7"' }],
  [{ op: "add", key: "n", amount: -2 }, "POST /keys/n", {}],
])("sends %j with its condition", async (change, what, condition) => {
  const server = new FakeKeys();
  await write(change, "id").catch(() => undefined);
  const { "Content-Type": _, ...headers } = server.asked[0]!.headers;
  expect([server.asked[0]!.what, headers]).toEqual([what, { "Idempotency-Key": "id", ...condition }]);
});

it.each([503, 504])("sends the same again after %i, and it happens once", async (status) => {
  const server = new FakeKeys({ n: "1" });
  // Applied, but nobody heard of it.
  server.instead.push({ what: /POST/, status, after: true }, { what: /POST/, status });
  const again = vi.fn();
  const answer = write({ op: "add", key: "n", amount: 5 }, "id", again);
  await vi.runAllTimersAsync();
  expect((await answer).data).toEqual({ value: "6", version: 2 });
  expect(server.count("POST")).toBe(3);
  expect(again.mock.calls).toEqual([[`status ${status}`], [`status ${status}`]]);
});

it("gives up after a few times", async () => {
  const server = new FakeKeys();
  server.instead.push(...Array.from({ length: 9 }, () => ({ what: /PUT/, status: 504 })));
  const answer = write({ op: "put", key: "k", value: "v", expected: 0 }, "id").catch((error: unknown) => error);
  await vi.runAllTimersAsync();
  expect(await answer).toMatchObject({ status: 504 });
  expect(server.count("PUT")).toBe(5);
});

it.each([409, 412, 422, 501, 507])("takes %i for an answer", async (status) => {
  const server = new FakeKeys();
  server.instead.push({ what: /PUT/, status });
  await expect(write({ op: "put", key: "k", value: "v", expected: 1 }, "id")).rejects.toMatchObject({ status });
  expect(server.count("PUT")).toBe(1);
});
