// Members that come and go: in the picture, at a moment, and in the document.
import { describe, expect, it } from "vitest";
import type { Trace, TraceEvent } from "@/api/lab";
import { change, FREE, openAs } from "@/features/lab/document";
import { wordsOf } from "@/state/configuration";
import { Moments } from "@/features/lab/moment";
import { pictureOf } from "@/features/lab/picture";

const traceOf = (events: TraceEvent[]): Trace => ({
  experiment: { format: 1, nodes: 1, spares: 1, seed: 1, duration_ms: 100, off: [], acts: [] },
  nodes: ["n1", "n2"],
  events,
  verdicts: [],
  summary: {},
});

it("tells whose node has no vote, and what an act wants of the members", () => {
  const members = traceOf([
    { t: 0, e: "recovered", node: "n2", term: 0, voted_for: "", base: [0, 0], entries: [] },
    { t: 5, e: "act", act: 0, do: "member", nodes: ["n1"], learn: ["n2"], promote: true },
    { t: 10, e: "members", node: "n2", at: 2, voters: ["n1"], learners: ["n2"] },
    { t: 20, e: "members", node: "n2", at: 3, voters: ["n1", "n2"], outgoing: ["n1"] },
    { t: 30, e: "members", node: "n2", at: 4, voters: ["n1"], outgoing: ["n1", "n2"] },
    { t: 35, e: "change", act: 0, node: "n1", outcome: "failed", why: "another is under way" },
    { t: 40, e: "members", node: "n2", at: 5, voters: ["n1"] },
    { t: 50, e: "process", node: "n2", what: "lost_directory" },
    { t: 50, e: "recovered", node: "n2", term: 0, voted_for: "", base: [0, 0], entries: [] },
  ]);
  const drawn = pictureOf(members);
  expect(drawn.stretches[1]!.map(({ begin, seat }) => [begin, seat])).toEqual([
    [0, "knows no members"],
    [10, "learner"],
    [20, undefined],
    [30, "leaving"],
    [40, "no member"],
    [50, "knows no members"],
  ]);
  expect(drawn.acts[0]!.label).toBe("member n1 (n2 to learn, learners to vote)");
  expect(drawn.marks.map(({ what }) => what)).toContain("no_change");
  const moments = new Moments(members);
  expect(wordsOf(moments.at(20)[1]!.members!)).toBe("n1, n2; together with n1");
  expect(wordsOf(moments.at(10)[1]!.members!)).toBe("n1; learning: n2");
  expect(wordsOf(moments.at(60)[1]!.members!)).toBe("nobody");
});

describe("a document whose members change", () => {
  const act = { at_ms: 10, do: "member", node: "leader", leave: ["n1"] };
  it("says so once an act asks for it, unless it has spares", () => {
    const now = change(openAs(FREE), { type: "act", act }).now.experiment;
    expect(now.members_change).toBe(true);
    const spare = change(openAs(FREE), { type: "spares", spares: 2 });
    expect(change(spare, { type: "act", act }).now.experiment).not.toHaveProperty("members_change");
  });
  it("has at most seven nodes", () => {
    const spares = change(openAs(FREE), { type: "spares", spares: 4 });
    expect(change(spares, { type: "nodes", nodes: 5 }).now.experiment.spares).toBe(2);
  });
});
