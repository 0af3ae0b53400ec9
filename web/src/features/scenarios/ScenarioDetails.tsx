import { Button } from "@/components/Button";
import { StepList } from "@/features/scenarios/StepList";
import { VerdictBox } from "@/features/scenarios/VerdictBox";
import { HealCountdown } from "@/features/scenarios/HealCountdown";
import { useRunner } from "@/scenarios/hooks";
import type { Scenario } from "@/scenarios/scenario";
import { useSelect } from "@/state/hooks";
import { votersOf } from "@/state/members";
import type { StepState } from "@/state/run";

export function ScenarioDetails({ scenario }: { scenario: Scenario }) {
  const { id, title, summary, steps, destructive } = scenario;
  const runner = useRunner();
  const run = useSelect((state) => state.runs.latest[id]);
  const running = useSelect((state) => state.runs.running);
  const heal_s = useSelect((state) => state.preferences.auto_heal_ms / 1000);
  const obstacle = useObstacle(scenario);
  const shown = run?.steps ?? steps.map((step): StepState => ({ title: step, status: "waiting" }));
  return (
    <div data-scenario={id} className="min-w-0 space-y-2">
      <div className="flex items-center justify-between gap-2">
        <div>
          <h3 className="font-semibold">{title}</h3>
          <p className="text-xs text-muted">{summary}</p>
        </div>
        {running === id ? (
          <Button onClick={runner.cancel}>Cancel</Button>
        ) : (
          <Button look="primary" disabled={obstacle !== undefined} onClick={() => void runner.run(scenario)}>
            {run ? "Run again" : "Run"}
          </Button>
        )}
      </div>
      {obstacle && running !== id && <p className="text-xs text-candidate">{obstacle}</p>}
      <StepList steps={shown} />
      {run?.heal_at !== undefined && <HealCountdown heal_at={run.heal_at} />}
      {run?.verdict ? (
        <VerdictBox verdict={run.verdict} />
      ) : (
        running !== id && (
          <p className="text-xs text-muted">
            {destructive
              ? `The fault heals itself after ${heal_s} s (see Settings), also when you cancel.`
              : "It injects no fault."}
          </p>
        )
      )}
    </div>
  );
}

// Why the scenario cannot be run now.
function useObstacle({ min_nodes }: Scenario): string | undefined {
  const running = useSelect((state) => state.runs.running);
  const nodes = useSelect(({ picture: { cluster, members } }) => (cluster ? votersOf(cluster, members).length : 0));
  if (running) return "Another scenario is running.";
  if (nodes === 0) return "The cluster has not been heard of yet.";
  return nodes < min_nodes ? `It takes at least ${min_nodes} nodes.` : undefined;
}
