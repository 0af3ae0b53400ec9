import { expect, it } from "vitest";
import { progressOf, ROWS, rowsOf } from "@/features/log/rows";
import { entry, nodeLog } from "@/test/fixtures";

const entries = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => entry(from + i));
const statuses = (row: ReturnType<typeof rowsOf>[number] | undefined) => row?.cells.map(({ status }) => status);

it("shows the last indexes, newest first", () => {
  const rows = rowsOf({ nodes: [nodeLog("node1", entries(1, 30), 30)] });
  expect(rows).toHaveLength(ROWS);
  expect(rows.map(({ index }) => index)).toEqual([30, 29, 28, 27, 26, 25, 24, 23, 22, 21]);
  expect(rows[0]?.data).toBe("put k30=v");
});

it("tells committed, replicated, absent and unknown apart", () => {
  const rows = rowsOf({
    nodes: [
      nodeLog("node1", [entry(1), entry(2, { committed: false })], 1),
      nodeLog("node2", [entry(1)], 1),
      { ...nodeLog("node3", [], 0), error: "refused" },
    ],
  });
  expect(statuses(rows[0])).toEqual(["replicated", "absent", "unknown"]);
  expect(statuses(rows[1])).toEqual(["committed", "committed", "unknown"]);
});

it("points out an index at which terms differ, and shows the entry that will win", () => {
  const [row] = rowsOf({
    nodes: [
      nodeLog("node1", [entry(1, { term: 2, committed: false, data: "put old=1" })], 0),
      nodeLog("node2", [entry(1, { term: 3, data: "put new=1" })], 1),
    ],
  });
  expect(row).toMatchObject({ conflict: true, data: "put new=1" });
  expect(row?.cells).toEqual([
    { status: "overruled", term: 2 },
    { status: "committed", term: 3 },
  ]);
});

it("takes what was sent no more for committed, where it is below the commit index", () => {
  const rows = rowsOf({ nodes: [nodeLog("node1", entries(1, 30), 30), nodeLog("node2", entries(3, 22), 22)] });
  expect(statuses(rows[0])).toEqual(["committed", "absent"]);
  expect(statuses(rows[9])).toEqual(["committed", "committed"]);
});

it("names an entry without a command", () => {
  const [newest, older] = rowsOf({
    nodes: [nodeLog("node1", [entry(1, { data: "" }), entry(2, { type: "config", data: "" })])],
  });
  expect([newest?.data, older?.data]).toEqual(["configuration", "no-op of a new leader"]);
});

it("says the members that an entry names, and shows what it cannot read as it is", () => {
  const data = JSON.stringify({
    members: { voters: ["node2", "node4"], outgoing: ["node1", "node2"], learners: ["node5"], known: {} },
  });
  const identity = '{"cluster_id":"c1"}';
  const [cut, other, members] = rowsOf({
    nodes: [
      nodeLog("node1", [
        entry(1, { type: "config", data }),
        entry(2, { type: "config", data: identity }),
        entry(3, { type: "config", data: data.slice(0, 20) }),
      ]),
    ],
  });
  expect(members?.data).toBe("members: node2, node4; together with node1, node2; learning: node5");
  expect([other?.data, cut?.data]).toEqual([identity, data.slice(0, 20)]);
});

it("has no rows without entries", () => {
  expect(rowsOf(null)).toEqual([]);
  expect(rowsOf({ nodes: [nodeLog("node1", [], 0)] })).toEqual([]);
});

it("measures progress by the furthest commit and the longest log", () => {
  expect(progressOf({ nodes: [nodeLog("node1", entries(1, 12), 9), nodeLog("node2", entries(1, 9), 10)] })).toEqual({
    commit_index: 10,
    last_index: 12,
  });
});
