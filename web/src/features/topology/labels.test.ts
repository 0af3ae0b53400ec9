import { describe, expect, it } from "vitest";
import { edgesOf } from "@/features/topology/edges";
import { nodeBoxes, overlap, placeLabels, type NodeTexts } from "@/features/topology/labels";
import { placeNodes } from "@/features/topology/layout";
import { nodeViews } from "@/state/nodes";
import { cluster } from "@/test/fixtures";
import type { ChaosState, Rule } from "@/api/types";

// Every pair has a fault of its own, which is as bad as it gets.
function everyPairFaulty(ids: readonly string[]): ChaosState {
  const rules = (from: string): Rule[] =>
    ids.map((to): Rule => ({ id: to, from_node: from, to_node: to, action: "delay", params: { delay_ms: 120 } }));
  return { peers: ids.map((node) => ({ node, rules: rules(node) })) };
}

describe.each([
  [419, 212],
  [300, 240],
  [358, 250],
  [640, 520],
])("placeLabels in %i x %i", (width, height) => {
  it.each([3, 5, 7])("of %i nodes lays no label on another, nor on a node", (count) => {
    const picture = cluster(count);
    const ids = picture.nodes.map(({ id }) => id);
    const chaos = everyPairFaulty(ids);
    const layout = placeNodes(count, width, height);
    const texts = ids.map((id): NodeTexts => ({ name: id, state: "Pre-candidate", fault: "30%" }));
    const labels = placeLabels(edgesOf(nodeViews(picture, chaos), chaos, "node1"), ids, texts, layout);
    const nodes = texts.flatMap((text, i) => nodeBoxes(text, i, layout));
    expect(labels.length).toBeGreaterThanOrEqual(2);
    for (const [i, label] of labels.entries()) {
      for (const other of [...labels.slice(i + 1), ...nodes]) expect(overlap(label, other)).toBe(false);
    }
  });
});

it("says in which direction a fault acts where it acts in one", () => {
  const chaos: ChaosState = {
    peers: [{ node: "node1", rules: [{ id: "x", from_node: "node1", to_node: "node3", action: "drop" }] }],
  };
  const picture = cluster(3);
  const ids = picture.nodes.map(({ id }) => id);
  const texts = ids.map((id): NodeTexts => ({ name: id, state: "Follower", fault: "" }));
  const labels = placeLabels(edgesOf(nodeViews(picture, chaos), chaos, "node1"), ids, texts, placeNodes(3, 430, 240));
  expect(labels.map(({ text }) => text)).toEqual(["✕ ↙"]);
});
