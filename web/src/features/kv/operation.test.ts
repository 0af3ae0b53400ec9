import { expect, it, vi } from "vitest";
import { perform, routeOf, type Operation } from "@/features/kv/operation";

const get: Operation = { kind: "get", key: "k", value: "", consistency: "linearizable" };
const answer = (status: number, body: unknown, node = "node2") =>
  vi.stubGlobal("fetch", () =>
    Promise.resolve(new Response(JSON.stringify(body), { status, headers: { "Raftly-Node": node } })),
  );

it("reads a value", async () => {
  answer(200, { key: "k", value: "v" });
  expect(await perform(get)).toMatchObject({ status: 200, node: "node2", text: "v" });
});

it("takes a refusal for a result", async () => {
  answer(503, { error: "no leader" });
  expect(await perform({ ...get, kind: "put" })).toMatchObject({ status: 503, node: "node2", text: "no leader" });
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError()));
  expect(await perform({ ...get, kind: "delete" })).toMatchObject({
    status: 0,
    node: "",
    text: "the node cannot be reached",
  });
});

it.each([
  [200, "node2", get, "Routed to leader node2, by node1"],
  [200, "node1", get, "Routed to leader node1: this page’s own node"],
  [200, "node1", { ...get, consistency: "stale" as const }, "Answered by node1 alone, from its own state"],
  [503, "node1", get, "Answered by node1"],
  [0, "", get, "No node answered"],
])("says who handled a %i of %s", (status, node, operation, words) => {
  expect(routeOf({ operation, status, node, elapsed_ms: 1, text: "" }, "node1")).toBe(words);
});
