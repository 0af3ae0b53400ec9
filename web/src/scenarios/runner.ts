// Runs one scenario at a time, and leaves no fault behind however it ends.
import { healAll } from "@/api/chaos";
import { messageOf } from "@/api/request";
import { healUntilDone } from "@/scenarios/heal";
import { RunningLab } from "@/scenarios/lab";
import { Cancelled, NotSeen, type Conclusion, type Scenario } from "@/scenarios/scenario";
import type { Record } from "@/scenarios/recorder";
import type { Fact, Outcome, Verdict } from "@/state/run";
import type { AppStore } from "@/state/state";

export interface ScenarioRunner {
  // Resolves when the verdict is in; does nothing while another one runs.
  run(scenario: Scenario): Promise<void>;
  cancel(): void;
}

export function createRunner(store: AppStore): ScenarioRunner {
  let running: { abort: AbortController; lab: RunningLab } | undefined;

  // A page that goes away can still send a request, not wait for the answer.
  window.addEventListener("pagehide", () => {
    if (running?.lab.dirty) void healAll({ keepalive: true }).catch(() => undefined);
  });

  return {
    cancel: () => running?.abort.abort(),
    async run(scenario) {
      if (running) return;
      const abort = new AbortController();
      const lab = new RunningLab(store, scenario, abort.signal);
      running = { abort, lab };
      const { id, title, steps } = scenario;
      store.dispatch({ type: "run_started", scenario: id, steps, at: Date.now() });
      const verdict = await conduct(scenario, lab, abort.signal);
      lab.record.stop();
      running = undefined;
      store.dispatch({ type: "run_ended", scenario: id, verdict });
      store.dispatch({
        type: "note",
        kind: "scenario",
        at: Date.now(),
        title: `${title}: ${verdict.outcome}`,
        detail: verdict.sentence,
      });
    },
  };
}

async function conduct(scenario: Scenario, lab: RunningLab, signal: AbortSignal): Promise<Verdict> {
  let verdict: Verdict;
  try {
    verdict = concluded(await scenario.run(lab), lab.record);
  } catch (error) {
    verdict = interrupted(error, signal, lab.record);
  }
  if (!lab.dirty) return verdict;
  try {
    const silent = await lab.heal();
    const healed =
      silent.length === 0
        ? "Every fault has been healed."
        : `Every fault has been healed, except on ${silent.join(", ")}, which did not answer: use Heal all when it is back.`;
    return { ...verdict, sentence: `${verdict.sentence} ${healed}` };
  } catch (error) {
    void lab.heal(healUntilDone);
    const sentence = `${verdict.sentence} Its faults are still there: ${messageOf(error)}. This page goes on trying.`;
    return { ...verdict, outcome: "failed", sentence };
  }
}

function concluded({ passed, sentence, facts = [] }: Conclusion, record: Record): Verdict {
  return { outcome: passed ? "passed" : "unexpected", sentence, facts: [...generalFacts(record), ...facts] };
}

function interrupted(error: unknown, signal: AbortSignal, record: Record): Verdict {
  const [outcome, sentence]: [Outcome, string] =
    signal.aborted || error instanceof Cancelled
      ? ["cancelled", "Cancelled."]
      : error instanceof NotSeen
        ? ["unexpected", `${error.message}.`]
        : ["failed", `It went wrong: ${messageOf(error)}.`];
  return { outcome, sentence, facts: generalFacts(record) };
}

function generalFacts(record: Record): Fact[] {
  const leaderless_ms = record.leaderlessMs();
  return [
    { label: "Leader", value: record.leaders.join(" → ") || "none seen" },
    { label: "Term", value: change(record.first_term, record.last_term) },
    { label: "Commit index", value: change(record.first_commit, record.last_commit) },
    { label: "Time without a leader", value: leaderless_ms < 1 ? "none seen" : `${Math.round(leaderless_ms)} ms` },
  ];
}

function change(before: number, after: number): string {
  return before === after ? `${before}, unchanged` : `${before} → ${after}`;
}
