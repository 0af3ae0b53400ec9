import { classes } from "@/components/classes";
import { OUTCOMES } from "@/features/scenarios/OutcomeMark";
import type { Verdict } from "@/state/run";

const FRAMES: Record<Verdict["outcome"], string> = {
  passed: "border-leader bg-leader/10",
  unexpected: "border-candidate bg-candidate/10",
  cancelled: "border-line bg-raised",
  failed: "border-down bg-down/10",
};

export function VerdictBox({ verdict: { outcome, sentence, facts } }: { verdict: Verdict }) {
  const { glyph, words, color } = OUTCOMES[outcome];
  return (
    <div role="status" data-outcome={outcome} className={classes("rounded-md border px-2.5 py-2", FRAMES[outcome])}>
      <p>
        <strong className={color}>
          <span aria-hidden="true">{glyph}</span> Verdict: {words}.
        </strong>{" "}
        {sentence}
      </p>
      {facts.length > 0 && (
        <dl className="mt-1.5 grid grid-cols-[auto_1fr] gap-x-3 gap-y-0.5 text-xs">
          {facts.map(({ label, value }) => (
            <div key={label} className="contents">
              <dt className="text-muted">{label}</dt>
              <dd className="min-w-0 font-mono break-words">{value}</dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );
}
