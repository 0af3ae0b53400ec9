import { expect, it } from "vitest";
import { faultOf, initialDraft, withoutGone } from "@/features/chaos/draft";

const NODES = ["node1", "node2", "node3"];

it("starts with the first nodes and the usual numbers", () => {
  expect(faultOf("isolate", initialDraft, NODES)).toEqual({ kind: "isolate", node: "node1" });
  expect(faultOf("partition", initialDraft, NODES)).toEqual({ kind: "partition", a: "node1", b: "node2" });
  expect(faultOf("delay", initialDraft, NODES)).toEqual({ kind: "delay", node: "node1", delay_ms: 200, jitter_ms: 50 });
  expect(faultOf("loss", initialDraft, NODES)).toEqual({ kind: "loss", node: "node1", loss_rate: 0.3 });
});

it("partitions the chosen node from another one, whichever was chosen first", () => {
  expect(faultOf("partition", { ...initialDraft, node: "node2" }, NODES)).toMatchObject({ a: "node2", b: "node1" });
  expect(faultOf("partition", { ...initialDraft, node: "node2", other: "node2" }, NODES)).toBe(
    "Choose two different nodes",
  );
});

it.each([{ delay_ms: "0" }, { delay_ms: "5001" }, { delay_ms: "" }, { jitter_ms: "2001" }, { jitter_ms: "x" }])(
  "refuses %j",
  (change) => {
    expect(faultOf("delay", { ...initialDraft, ...change }, NODES)).toBe("Check the numbers");
  },
);

it("forgets a choice that is no member any more", () => {
  const draft = { ...initialDraft, node: "node3", other: "node2" };
  expect(withoutGone(draft, NODES)).toEqual(draft);
  expect(withoutGone(draft, ["node1", "node2"])).toMatchObject({ node: "", other: "node2" });
});
