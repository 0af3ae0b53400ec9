// The scenario that runs, and how the ones before it ended.
import type { Action } from "@/state/actions";

// passed: what the scenario promises was seen. unexpected: it ran through, but something else was seen.
export type Outcome = "passed" | "unexpected" | "cancelled" | "failed";

export interface Fact {
  label: string;
  value: string;
}

export interface Verdict {
  outcome: Outcome;
  sentence: string;
  facts: Fact[];
}

export interface StepState {
  title: string;
  status: "waiting" | "running" | "done" | "failed";
  note?: string;
}

export interface Run {
  scenario: string;
  started_at: number;
  steps: StepState[];
  // When the fault in force will be healed; absent where there is none.
  heal_at?: number;
  // Absent while it runs.
  verdict?: Verdict;
}

export interface Runs {
  // The id of the scenario that is running.
  running: string | null;
  // The latest run of each scenario, by id.
  latest: Readonly<Record<string, Run>>;
}

export const initialRuns: Runs = { running: null, latest: {} };

export type RunAction =
  | { type: "run_started"; scenario: string; steps: readonly string[]; at: number }
  | { type: "run_step_started"; scenario: string; step: number }
  | { type: "run_step_ended"; scenario: string; step: number; failed: boolean; note?: string }
  | { type: "run_heals_at"; scenario: string; at: number | null }
  | { type: "run_ended"; scenario: string; verdict: Verdict };

export function reduceRuns(runs: Runs, action: Action): Runs {
  switch (action.type) {
    case "run_started": {
      const steps = action.steps.map((title): StepState => ({ title, status: "waiting" }));
      const run: Run = { scenario: action.scenario, started_at: action.at, steps };
      return { running: action.scenario, latest: { ...runs.latest, [action.scenario]: run } };
    }
    case "run_step_started":
      return changed(runs, action.scenario, (run) => withStep(run, action.step, { status: "running" }));
    case "run_step_ended":
      return changed(runs, action.scenario, (run) =>
        withStep(run, action.step, {
          status: action.failed ? "failed" : "done",
          ...(action.note !== undefined && { note: action.note }),
        }),
      );
    case "run_heals_at":
      return changed(runs, action.scenario, ({ heal_at: _, ...run }) =>
        action.at === null ? run : { ...run, heal_at: action.at },
      );
    case "run_ended": {
      const ended = changed(runs, action.scenario, ({ heal_at: _, ...run }) => ({ ...run, verdict: action.verdict }));
      return { ...ended, running: null };
    }
    default:
      return runs;
  }
}

function changed(runs: Runs, scenario: string, change: (run: Run) => Run): Runs {
  const run = runs.latest[scenario];
  return run ? { ...runs, latest: { ...runs.latest, [scenario]: change(run) } } : runs;
}

function withStep(run: Run, index: number, change: Partial<StepState>): Run {
  return { ...run, steps: run.steps.map((step, i) => (i === index ? { ...step, ...change } : step)) };
}
