import { expect, it } from "vitest";
import type { Frame } from "@/api/types";
import { reduce, initialState, type State } from "@/state/state";
import { TIMELINE_LIMIT, isClusterKind } from "@/state/timeline";
import type { Action } from "@/state/actions";
import { cluster, status } from "@/test/fixtures";

const run = (...actions: Action[]): State => actions.reduce(reduce, initialState);
const frame = (value: Frame): Action => ({ type: "frame", frame: value, at: value.timestamp });

it("lists cluster events with the server's time, newest first", () => {
  const { events } = run(
    frame({ type: "term_change", timestamp: 10, data: { from: 1, to: 2 } }),
    frame({ type: "leader_change", timestamp: 11, data: { from: "", to: "node2" } }),
    frame({ type: "node_down", timestamp: 12, data: { id: "node3" } }),
    frame({ type: "node_up", timestamp: 13, data: { id: "node3" } }),
  ).timeline;
  expect(events.map(({ at, kind, title }) => [at, kind, title])).toEqual([
    [13, "node_up", "node3 is up"],
    [12, "node_down", "node3 is down"],
    [11, "leader_change", "node2 leads"],
    [10, "term_change", "Term 2"],
  ]);
  expect(events[2]?.detail).toBe("the first leader seen");
});

it("does not list what is not an event", () => {
  expect(run(frame(status(cluster()))).timeline.events).toEqual([]);
});

it("merges local events in, in the order of their arrival", () => {
  const { events } = run(
    { type: "note", kind: "kv", at: 5, title: "PUT a" },
    frame({ type: "node_up", timestamp: 4, data: { id: "node1" } }),
    { type: "note", kind: "chaos", at: 6, title: "healed", detail: "by hand" },
  ).timeline;
  expect(events.map(({ kind }) => kind)).toEqual(["chaos", "node_up", "kv"]);
  expect(events[0]).toMatchObject({ detail: "by hand" });
  expect(events[2]).not.toHaveProperty("detail");
  expect(events.map(({ kind }) => isClusterKind(kind))).toEqual([false, true, false]);
});

it("keeps a limited number, each with an id of its own", () => {
  const notes = Array.from(
    { length: TIMELINE_LIMIT + 5 },
    (_, i): Action => ({ type: "note", kind: "kv", at: i, title: `${i}` }),
  );
  const { events } = run(...notes).timeline;
  expect(events).toHaveLength(TIMELINE_LIMIT);
  expect(events[0]?.title).toBe(String(TIMELINE_LIMIT + 4));
  expect(new Set(events.map(({ id }) => id)).size).toBe(TIMELINE_LIMIT);
});

it("clears without using an id twice", () => {
  const { events } = run(
    { type: "note", kind: "kv", at: 1, title: "a" },
    { type: "timeline_cleared" },
    { type: "note", kind: "kv", at: 2, title: "b" },
  ).timeline;
  expect(events).toEqual([{ id: 2, kind: "kv", at: 2, title: "b" }]);
});

it("shows a gap in the stream, once, with its length", () => {
  const { events } = run(
    { type: "stream", status: "open", at: 1_000 },
    { type: "stream", status: "reconnecting", at: 2_000 },
    { type: "stream", status: "reconnecting", at: 3_000 },
    { type: "stream", status: "open", at: 5_500 },
    { type: "stream", status: "open", at: 6_000 },
  ).timeline;
  expect(events.map(({ title, detail }) => [title, detail])).toEqual([
    ["Event stream is back", "3.5 s were not watched"],
    ["Event stream lost", undefined],
  ]);
});
