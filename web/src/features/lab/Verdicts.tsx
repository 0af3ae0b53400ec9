import type { Incident } from "@/api/lab";
import { Panel } from "@/components/Panel";
import type { Run, Runs } from "@/features/lab/useRuns";

interface VerdictsProps {
  runs: Runs;
  incident: Incident | undefined;
  onEvidence: (run: "on" | "off", events: number[]) => void;
}

const NUMBERS: [string, string][] = [
  ["acknowledged", "writes acknowledged"],
  ["leader_changes", "leaders elected"],
  ["without_leader_ms", "ms without a leader"],
  ["gave_up", "nodes that gave up"],
  ["undurable_most", "a leader's entries not on its disk, at most"],
];
const ALWAYS = 3;

function Findings({
  run,
  which,
  onEvidence,
}: {
  run: Run;
  which: "on" | "off";
  onEvidence: VerdictsProps["onEvidence"];
}) {
  const broken = run.trace.verdicts.filter((verdict) => !verdict.holds);
  if (broken.length === 0) return <p className="text-leader">✓ No judge has found any damage.</p>;
  return (
    <ul className="flex flex-col gap-1.5">
      {broken.map((verdict) => (
        <li key={verdict.judge} className="rounded-md border border-down/40 bg-down/5 p-2">
          <p className="font-medium text-down">✖ Broken: {verdict.rule}</p>
          <p className="mt-1 font-mono text-2xs break-words whitespace-pre-wrap">{verdict.finding}</p>
          {(verdict.events?.length ?? 0) > 0 && (
            <button
              type="button"
              className="mt-1 text-xs text-accent underline"
              onClick={() => onEvidence(which, verdict.events!)}
            >
              Show the evidence
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}

export function Verdicts({ runs, incident, onEvidence }: VerdictsProps) {
  if (!runs.on) return null;
  return (
    <Panel title="Verdicts" tour="verdicts">
      <div className="flex flex-col gap-2 px-3 pb-3">
        {runs.off && (
          <>
            <h3 className="font-semibold">Without the defence</h3>
            <Findings run={runs.off} which="off" onEvidence={onEvidence} />
          </>
        )}
        <h3 className="font-semibold">{runs.off ? "With it" : "This run"}</h3>
        <Findings run={runs.on} which="on" onEvidence={onEvidence} />
        <table className="mt-1 w-full text-left">
          <thead className="text-xs text-muted">
            <tr>
              <th className="font-normal">In numbers</th>
              {runs.off && <th className="text-right font-normal">without</th>}
              <th className="text-right font-normal">{runs.off ? "with" : ""}</th>
            </tr>
          </thead>
          <tbody>
            {NUMBERS.filter(([field], place) => place < ALWAYS || field === incident?.measure).map(([field, words]) => (
              <tr key={field} className={incident?.measure === field ? "font-semibold" : ""}>
                <td>{words}</td>
                {runs.off && <td className="text-right font-mono">{String(runs.off.trace.summary[field])}</td>}
                <td className="text-right font-mono">{String(runs.on!.trace.summary[field])}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}
