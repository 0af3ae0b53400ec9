import { expect, it } from "vitest";
import { pulsesOf } from "@/features/topology/pulses";

const link = (appends: number, votes = 0, losses = 0) => ({ from: "node1", to: "node2", appends, votes, losses });
const kinds = (...args: Parameters<typeof link>) =>
  pulsesOf([{ sequence: 1, at: 0, links: [link(...args)] }]).map(({ kind }) => kind);

it("draws nothing that was not reported", () => {
  expect(pulsesOf([])).toEqual([]);
  expect(kinds(0)).toEqual([]);
});

it("draws more marks for more messages, within reason", () => {
  expect([1, 4, 16, 100_000].map((appends) => kinds(appends).length)).toEqual([1, 2, 3, 3]);
});

it("tells appends, votes and losses apart", () => {
  expect(kinds(1, 1, 1)).toEqual(["append", "vote", "lost"]);
});

it("lets nothing arrive where everything was lost", () => {
  expect(kinds(5, 0, 5)).toEqual(["lost", "lost"]);
});

it("gives each mark a name of its own, so that none is drawn twice", () => {
  const links = [link(20, 3, 2), { ...link(20), to: "node3" }];
  const keys = pulsesOf([
    { sequence: 1, at: 0, links },
    { sequence: 2, at: 300, links },
  ]).map(({ key }) => key);
  expect(new Set(keys).size).toBe(keys.length);
});
