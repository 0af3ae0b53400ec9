import { expect, it } from "vitest";
import { edgesOf } from "@/features/topology/edges";
import { nodeViews } from "@/state/nodes";
import { cluster, down, isolated, rulesOn } from "@/test/fixtures";
import type { ChaosState, Cluster } from "@/api/types";

const kinds = (picture: Cluster, chaos: ChaosState | null) =>
  Object.fromEntries(
    edgesOf(nodeViews(picture, chaos), chaos, picture.leader_id).map(({ a, b, kind }) => [`${a}/${b}`, kind]),
  );

it("joins every pair once: 21 edges for seven nodes", () => {
  expect(Object.keys(kinds(cluster(7), null))).toHaveLength(21);
});

it("tells replication from what followers have with each other", () => {
  expect(kinds(cluster(), null)).toEqual({
    "node1/node2": "replication",
    "node1/node3": "replication",
    "node2/node3": "follower",
  });
});

it("shows the edges of an isolated node as partitioned, the others as they are", () => {
  expect(kinds(cluster(), isolated("node3"))).toEqual({
    "node1/node2": "replication",
    "node1/node3": "partitioned",
    "node2/node3": "partitioned",
  });
});

it("lets edges of a node that is down rest", () => {
  expect(kinds(cluster(3, { node2: down("node2") }), null)).toMatchObject({
    "node1/node2": "down",
    "node1/node3": "replication",
  });
});

it("says in words what happens in each direction", () => {
  const chaos = rulesOn("node1", [{ id: "l", to_node: "node2", action: "loss", params: { loss_rate: 0.3 } }]);
  const [edge] = edgesOf(nodeViews(cluster(), chaos), chaos, "node1");
  expect(edge).toMatchObject({ kind: "lossy", label: "30%", only: { from: "node1", to: "node2" } });
  expect(edge?.title).toBe("node1 → node2: 30% is lost, node2 → node1: no fault");
});

it("shows how much of a snapshot is there, and from whom to whom", () => {
  const picture = cluster(3, { node1: { sending: [{ to: "node3", percent: 37 }] } });
  const edges = edgesOf(nodeViews(picture, null), null, "node1");
  expect(edges.map(({ label }) => label)).toEqual(["", "37%", ""]);
  expect(edges[1]).toMatchObject({ kind: "replication", only: { from: "node1", to: "node3" } });
  expect(edges[1]?.title).toBe("node1 sends node3 its snapshot, 37% of it is there");
});

it("says what is wrong with a link rather than what goes over it", () => {
  const picture = cluster(3, { node1: { sending: [{ to: "node2", percent: 5 }] } });
  const chaos = rulesOn("node1", [{ id: "l", to_node: "node2", action: "loss", params: { loss_rate: 0.3 } }]);
  expect(edgesOf(nodeViews(picture, chaos), chaos, "node1")[0]).toMatchObject({ kind: "lossy", label: "30%" });
});
