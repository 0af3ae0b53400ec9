// What the page makes of a trace, and of what the reader does.
import { describe, expect, it } from "vitest";
import type { Experiment, Incident, Trace, TraceEvent } from "@/api/lab";
import { grouped } from "@/features/lab/catalogueOrder";
import { change, experimentsOf, FREE, openAs, sheetOfLink, sheetOfRuns } from "@/features/lab/document";
import { messageAt, moved, zoomed } from "@/features/lab/Diagram";
import { laneOf, timeOf, xOf } from "@/features/lab/geometry";
import { fromLink, toLink } from "@/features/lab/link";
import { Moments } from "@/features/lab/moment";
import { firstDifference, inFlight, pictureOf } from "@/features/lab/picture";

const experiment: Experiment = { format: 1, nodes: 2, seed: 1, duration_ms: 100, off: [], acts: [] };
const traceOf = (events: TraceEvent[]): Trace => ({
  experiment,
  nodes: ["n1", "n2"],
  events,
  verdicts: [],
  summary: {},
});
const trace = traceOf([
  { t: 0, e: "recovered", node: "n1", term: 0, voted_for: "", base: [0, 0], entries: [] },
  { t: 0, e: "recovered", node: "n2", term: 3, voted_for: "n2", base: [4, 2], entries: [[5, 3, "put k=v"]] },
  { t: 10, e: "sent", n: 1, from: "n1", to: "n2", kind: "vote" },
  { t: 11, e: "role", node: "n1", role: "Leader", term: 4 },
  { t: 12, e: "arrived", n: 1 },
  { t: 13, e: "sent", n: 2, from: "n1", to: "n2", kind: "append" },
  { t: 14, e: "lost", n: 2, why: "cut" },
  { t: 15, e: "log", node: "n1", entries: [[1, 4, "put k=new"]] },
  { t: 16, e: "durable", node: "n1", index: 1 },
  { t: 17, e: "commit", node: "n1", index: 1 },
  { t: 18, e: "apply", node: "n1", index: 1, term: 4, key: "k", value: "new" },
  { t: 20, e: "call", op: 0, node: "n1", do: "get", key: "k" },
  { t: 25, e: "answer", op: 0, outcome: "ok", value: "new" },
  { t: 30, e: "process", node: "n1", what: "killed" },
  { t: 40, e: "cut", node: "n2", from: 5, entries: 1, leader: "n1" },
  { t: 50, e: "apply", node: "n2", index: 5, term: 3, key: "k", value: null },
]);

describe("a picture", () => {
  const picture = pictureOf(trace);
  it("has every message with its fate", () => {
    expect(picture.messages).toMatchObject([
      { number: 1, from: 0, to: 1, sent: 10, until: 12 },
      { number: 2, sent: 13, until: 14, lost: "cut" },
    ]);
    expect(picture.messages[0]).not.toHaveProperty("lost");
  });
  it("shades what lasts: a cut until it is healed, a slow disk until it is not", () => {
    const done = (t: number, act: number, what: string, ...nodes: string[]): TraceEvent => ({
      t,
      e: "act",
      act,
      do: what,
      nodes,
    });
    const faults = traceOf([
      done(10, 0, "isolate", "n2"),
      done(20, 1, "slow_disk", "n1"),
      done(30, 2, "heal"),
      done(40, 3, "slow_disk", "n1"),
      done(50, 4, "cut", "n1", "n2"),
      { t: 90, e: "closing" },
    ]);
    faults.experiment = {
      ...experiment,
      acts: [
        { at_ms: 10, do: "isolate", node: "n2" },
        { at_ms: 20, do: "slow_disk", node: "n1", ms: 5 },
        { at_ms: 30, do: "heal" },
        { at_ms: 40, do: "slow_disk", node: "n1", ms: 0 },
        { at_ms: 50, do: "cut", from: "n1", to: "n2" },
      ],
    };
    expect(pictureOf(faults).spans).toEqual([
      { begin: 10, end: 30, node: 1 },
      { begin: 20, end: 40, node: 0 },
      { begin: 50, end: 90, node: 0 },
      { begin: 50, end: 90, node: 1 },
    ]);
  });
  it("knows what is under way at a moment", () => {
    expect(inFlight(picture, 11).map(({ number }) => number)).toEqual([1]);
    expect(inFlight(picture, 12)).toEqual([]);
  });
  it("knows which message a click means", () => {
    const frame = { width: 1034, height: 300, view: { begin: 0, end: 100 } };
    const y = (laneOf(0, 2, 300) + laneOf(1, 2, 300)) / 2;
    expect(messageAt(picture, frame, xOf(11, frame), y)?.number).toBe(1);
    expect(messageAt(picture, frame, xOf(60, frame), y)).toBeUndefined();
  });
  it("has the roles of each node in stretches without a gap", () => {
    expect(picture.stretches[0]!.map(({ begin, end, role }) => [begin, end, role])).toEqual([
      [0, 11, "Follower"],
      [11, 30, "Leader"],
      [30, 100, "down"],
    ]);
  });
  it("has the clients' calls from question to answer", () => {
    expect(picture.calls).toMatchObject([{ begin: 20, end: 25, outcome: "ok", label: "get k → new" }]);
  });
});

describe("a moment", () => {
  const moments = new Moments(trace);
  it("is what has happened until then", () => {
    expect(moments.at(14)[0]).toMatchObject({ role: "Leader", term: 4, log: [], commit: 0 });
    expect(moments.at(18)[0]).toMatchObject({ durable: 1, commit: 1, applied: 1, registers: { k: "new" } });
    expect(moments.at(100)[0]).toMatchObject({ up: false });
    expect(moments.at(39)[1]).toMatchObject({ base: 4, log: [[5, 3, "put k=v"]], vote: "n2" });
    expect(moments.at(40)[1]).toMatchObject({ log: [], durable: 4 });
  });
  it("is the same however one came there", () => {
    const many = traceOf(Array.from({ length: 2000 }, (_, i) => ({ t: i, e: "commit", node: "n1", index: i + 1 })));
    const long = new Moments(many);
    for (const t of [0, 499, 500, 501, 1999]) expect(long.at(t)[0]!.commit).toBe(t + 1);
    expect(long.at(-1)[0]!.commit).toBe(0);
  });
});

describe("the first difference", () => {
  it("is the time of the first event that is another", () => {
    const other = traceOf(trace.events.map((event) => (event.t === 17 ? { ...event, index: 9 } : event)));
    expect(firstDifference(trace, other)).toBe(17);
    expect(firstDifference(trace, traceOf(trace.events.slice(0, -1)))).toBe(50);
    expect(firstDifference(trace, trace)).toBeUndefined();
  });
});

describe("a document", () => {
  const act = { at_ms: 50, do: "heal" };
  it("keeps acts in order of time, and the way back", () => {
    const first = change(openAs(FREE), { type: "act", act });
    const second = change(first, { type: "act", act: { at_ms: 20, do: "start" } });
    expect(second.now.experiment.acts.map(({ at_ms }) => at_ms)).toEqual([20, 50]);
    const back = change(second, { type: "undo" });
    expect(back.now).toEqual(first.now);
    expect(change(back, { type: "redo" }).now).toEqual(second.now);
    expect(change(openAs(FREE), { type: "undo" }).now).toEqual(FREE);
    expect(change(second, { type: "remove", act: 0 }).now.experiment.acts).toEqual([act]);
  });
  it("asks for a second run only where a defence is off", () => {
    expect(experimentsOf(FREE).off).toBeUndefined();
    const off = change(openAs(FREE), { type: "switch", name: "pre_vote" });
    expect(experimentsOf(off.now).off!.off).toEqual(["pre_vote"]);
    expect(experimentsOf(off.now).on.off).toEqual([]);
    expect(change(off, { type: "switch", name: "pre_vote" }).now.switches).toEqual([]);
  });
});

describe("the catalogue", () => {
  const incident = (name: string, paper: string[], systems: string[]) => ({ name, paper, systems }) as Incident;
  const all = [
    incident("a", ["Raft 10"], []),
    incident("b", ["Raft 5.4.2", "thesis 6.4"], ["etcd", "Consul"]),
    incident("c", ["beyond Raft"], ["etcd"]),
  ];
  const names = (order: "first" | "rule" | "system") =>
    grouped(all, order).map(([heading, ones]) => [heading, ones.map(({ name }) => name).join("")]);
  it("stands in the order of the course, of rules and of systems", () => {
    expect(names("first")).toEqual([["", "abc"]]);
    expect(names("rule")).toEqual([
      ["Raft 5.4.2", "b"],
      ["Raft 10", "a"],
      ["thesis 6.4", "b"],
      ["beyond Raft", "c"],
    ]);
    expect(names("system")).toEqual([
      ["Consul", "b"],
      ["etcd", "bc"],
      ["the Raft paper and thesis alone", "a"],
    ]);
  });
});

describe("a link", () => {
  it("leads to the same experiment", async () => {
    const whole: Experiment = { ...experiment, off: ["pre_vote"], acts: [{ at_ms: 5, do: "isolate", node: "L" }] };
    const link = await toLink(whole);
    expect(link).toMatch(/^[\w-]+$/);
    expect(await fromLink(link)).toEqual(whole);
    expect(sheetOfLink(whole)).toEqual({ experiment: { ...whole, off: [] }, switches: ["pre_vote"] });
  });
  it("of an incident leaves off what its incident needs off in both runs", () => {
    const linked: Experiment = { ...experiment, incident: "i", off: ["stickiness", "pre_vote"] };
    const incident = { name: "i", switches: ["pre_vote"] } as Incident;
    const sheet = sheetOfLink(linked, [incident]);
    expect(sheet).toEqual({ experiment: { ...linked, off: ["stickiness"] }, switches: ["pre_vote"] });
    expect(sheetOfRuns(sheet.experiment, linked)).toEqual(sheet);
  });
  it.each(["", "%", "AAAA", btoa("{}")])("that is none is taken for none: %s", async (link) => {
    expect(await fromLink(link)).toBeUndefined();
  });
});

describe("the drawing", () => {
  const frame = { width: 1034, view: { begin: 100, end: 600 } };
  it("knows the time of each place, and back", () => {
    for (const t of [100, 250, 600]) expect(timeOf(xOf(t, frame), frame)).toBeCloseTo(t);
  });
  it("has them beside the words where time goes down", () => {
    const lanes = Array.from({ length: 5 }, (_, node) => laneOf(node, 5, 390, true));
    expect(Math.min(...lanes)).toBeGreaterThan(120);
    expect(Math.max(...lanes)).toBeLessThan(330);
  });
  it("has the lines of all nodes in its height", () => {
    for (const nodes of [1, 3, 7]) {
      const lanes = Array.from({ length: nodes }, (_, node) => laneOf(node, nodes, 200));
      expect(Math.min(...lanes)).toBeGreaterThan(40);
      expect(Math.max(...lanes)).toBeLessThan(190);
    }
  });
  it("zooms to where one points and moves no further than there is something", () => {
    expect(zoomed({ begin: 0, end: 1000 }, 500, 0.5, 1000)).toEqual({ begin: 250, end: 750 });
    expect(zoomed({ begin: 250, end: 750 }, 500, 10, 1000)).toEqual({ begin: 0, end: 1000 });
    expect(zoomed({ begin: 500, end: 502 }, 501, 0.1, 1000)).toEqual({ begin: 500, end: 502 });
    expect(moved({ begin: 100, end: 200 }, -500, 1000)).toEqual({ begin: 0, end: 100 });
    expect(moved({ begin: 100, end: 200 }, 5000, 1000)).toEqual({ begin: 900, end: 1000 });
  });
});
