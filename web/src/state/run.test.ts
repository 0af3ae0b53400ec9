import { expect, it } from "vitest";
import { initialRuns, reduceRuns, type RunAction, type Runs } from "@/state/run";

const run = (...actions: RunAction[]): Runs => actions.reduce(reduceRuns, initialRuns);
const start: RunAction = { type: "run_started", scenario: "s", steps: ["one", "two"], at: 5 };

it("begins with every step still to come", () => {
  const { running, latest } = run(start);
  expect(running).toBe("s");
  expect(latest["s"]).toEqual({
    scenario: "s",
    started_at: 5,
    steps: [
      { title: "one", status: "waiting" },
      { title: "two", status: "waiting" },
    ],
  });
});

it("ticks steps off, with what was noted", () => {
  const { latest } = run(
    start,
    { type: "run_step_started", scenario: "s", step: 0 },
    { type: "run_step_ended", scenario: "s", step: 0, failed: false, note: "node1" },
    { type: "run_step_started", scenario: "s", step: 1 },
    { type: "run_step_ended", scenario: "s", step: 1, failed: true },
  );
  expect(latest["s"]?.steps).toEqual([
    { title: "one", status: "done", note: "node1" },
    { title: "two", status: "failed" },
  ]);
});

it("knows when the fault will be healed, and forgets it then", () => {
  const healing = run(start, { type: "run_heals_at", scenario: "s", at: 99 });
  expect(healing.latest["s"]?.heal_at).toBe(99);
  expect(reduceRuns(healing, { type: "run_heals_at", scenario: "s", at: null }).latest["s"]).not.toHaveProperty(
    "heal_at",
  );
});

it("ends with a verdict, and starts over without it", () => {
  const verdict = { outcome: "passed" as const, sentence: "Seen.", facts: [] };
  const ended = run(
    start,
    { type: "run_heals_at", scenario: "s", at: 9 },
    { type: "run_ended", scenario: "s", verdict },
  );
  expect(ended.running).toBeNull();
  expect(ended.latest["s"]).toMatchObject({ verdict });
  expect(ended.latest["s"]).not.toHaveProperty("heal_at");
  expect(reduceRuns(ended, start).latest["s"]).not.toHaveProperty("verdict");
});
