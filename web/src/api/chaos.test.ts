import { expect, it, vi } from "vitest";
import { healAll, injectFault } from "@/api/chaos";

const fetch = vi.fn<typeof globalThis.fetch>();
const answer = (body: unknown) => {
  fetch.mockReset().mockResolvedValue(new Response(JSON.stringify(body)));
  vi.stubGlobal("fetch", fetch);
};
const sent = () => [fetch.mock.calls[0]?.[0], fetch.mock.calls[0]?.[1]?.body];

it("posts a fault to its own path, without the kind", async () => {
  answer({ action: "delay", results: [{ node: "node1", installed: ["x"] }] });
  expect(await injectFault({ kind: "delay", node: "node1", delay_ms: 200, jitter_ms: 50 })).toEqual([]);
  expect(sent()).toEqual(["/api/cluster/chaos/delay", '{"node":"node1","delay_ms":200,"jitter_ms":50}']);
});

it("names the nodes that did not take it", async () => {
  answer({
    action: "isolate",
    results: [
      { node: "node1", installed: ["x"] },
      { node: "node2", error: "refused" },
    ],
  });
  expect(await injectFault({ kind: "isolate", node: "node1" })).toEqual(["node2"]);
});

it("throws where no node took it", async () => {
  answer({ action: "isolate", results: [{ node: "node2", error: "refused" }] });
  await expect(injectFault({ kind: "isolate", node: "node1" })).rejects.toThrow("no node installed it: refused");
});

it("heals, also while the page is going away", async () => {
  answer({ healed: { node1: "ok", node2: "refused" } });
  expect(await healAll({ keepalive: true })).toEqual({ node1: "ok", node2: "refused" });
  expect(fetch.mock.calls[0]?.[1]?.keepalive).toBe(true);
});
