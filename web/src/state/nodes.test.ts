import { expect, it } from "vitest";
import { nodeViews } from "@/state/nodes";
import { cluster, down, isolated } from "@/test/fixtures";

const looks = (...args: Parameters<typeof nodeViews>) =>
  nodeViews(...args).map(({ look, label }) => `${look}: ${label}`);

it("shows roles", () => {
  expect(looks(cluster(3, { node2: { state: "Candidate" }, node3: { state: "PreCandidate" } }), null)).toEqual([
    "leader: Leader",
    "candidate: Candidate",
    "candidate: Pre-candidate",
  ]);
});

it("lets down and cut off outdo what a node takes itself for", () => {
  expect(looks(cluster(3, { node3: down("node3") }), isolated("node1"))).toEqual([
    "partitioned: Leader",
    "follower: Follower",
    "down: Down",
  ]);
});

it("tells a leader of an old term from the leader", () => {
  const two = cluster(3, { node2: { state: "Leader", term: 4 } });
  expect(looks(two, null).slice(0, 2)).toEqual(["leader: Leader (deposed)", "leader: Leader"]);
});

it("knows nobody before the first report", () => {
  expect(nodeViews(null, null)).toEqual([]);
});
