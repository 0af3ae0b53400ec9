import { expect, it } from "vitest";
import { initialPicture, PULSE_LIFETIME_MS, reducePicture } from "@/state/picture";
import type { Frame } from "@/api/types";
import { cluster, isolated, status } from "@/test/fixtures";

const after = (frames: Frame[], at = 0) =>
  frames.reduce((picture, frame) => reducePicture(picture, { type: "frame", frame, at }), initialPicture);
const links = (appends: number): Frame => ({
  type: "links",
  timestamp: 0,
  data: { links: [{ from: "node1", to: "node2", appends, votes: 0, losses: 0 }] },
});

it("keeps the latest of each kind", () => {
  const chaos = isolated("node2");
  const log = { nodes: [] };
  const picture = after([
    status(cluster(5)),
    status(cluster(3)),
    { type: "chaos", timestamp: 0, data: chaos },
    { type: "log", timestamp: 0, data: log },
  ]);
  expect(picture.cluster?.nodes).toHaveLength(3);
  expect(picture.chaos).toBe(chaos);
  expect(picture.log).toBe(log);
});

it("shows a new leader, a new term and a lost node before the next status", () => {
  const { cluster: seen } = after([
    status(cluster(3)),
    { type: "term_change", timestamp: 1, data: { from: 3, to: 4 } },
    { type: "leader_change", timestamp: 1, node_id: "node2", data: { from: "node1", to: "node2" } },
    { type: "node_down", timestamp: 1, node_id: "node1", data: { id: "node1" } },
  ]);
  expect(seen).toMatchObject({ leader_id: "node2", term: 4 });
  expect(seen?.nodes.map(({ state, reachable }) => [state, reachable])).toEqual([
    ["Down", false],
    ["Leader", true],
    ["Follower", true],
  ]);
});

it("ignores changes of a cluster that it has not seen", () => {
  expect(after([{ type: "term_change", timestamp: 1, data: { from: 3, to: 4 } }])).toEqual(initialPicture);
});

it("numbers traffic frames, and forgets them when their pulses have arrived", () => {
  const first = reducePicture(initialPicture, { type: "frame", frame: links(1), at: 0 });
  const second = reducePicture(first, { type: "frame", frame: links(2), at: PULSE_LIFETIME_MS - 1 });
  expect(second.traffic.map(({ sequence }) => sequence)).toEqual([1, 2]);
  const third = reducePicture(second, { type: "frame", frame: status(cluster()), at: PULSE_LIFETIME_MS });
  expect(third.traffic.map(({ sequence }) => sequence)).toEqual([2]);
});

it("does not change at a frame of a kind that it does not know", () => {
  const unknown = { type: "weather", timestamp: 1, data: {} } as unknown as Frame;
  expect(reducePicture(initialPicture, { type: "frame", frame: unknown, at: 1 })).toBe(initialPicture);
});
