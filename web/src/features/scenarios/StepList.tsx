import { Spinner } from "@/components/Spinner";
import { classes } from "@/components/classes";
import type { StepState } from "@/state/run";

const LOOKS: Record<StepState["status"], { color: string; glyph: string; words: string }> = {
  waiting: { color: "border-line text-muted", glyph: "", words: "to come" },
  running: { color: "border-accent text-accent", glyph: "", words: "under way" },
  done: { color: "border-leader bg-leader/15 text-leader", glyph: "✓", words: "done" },
  failed: { color: "border-down bg-down/15 text-down", glyph: "✕", words: "not completed" },
};

export function StepList({ steps }: { steps: readonly StepState[] }) {
  return (
    <ol className="space-y-1">
      {steps.map(({ title, status, note }, i) => {
        const { color, glyph, words } = LOOKS[status];
        return (
          <li
            key={i}
            data-status={status}
            className="flex gap-2"
            aria-current={status === "running" ? "step" : undefined}
          >
            <span
              className={classes(
                "flex size-[18px] shrink-0 items-center justify-center rounded-full border text-2xs",
                color,
              )}
            >
              {status === "running" ? <Spinner /> : <span aria-hidden="true">{glyph || i + 1}</span>}
              <span className="sr-only">{words}</span>
            </span>
            <span className={classes("min-w-0", status === "waiting" && "text-muted")}>
              {title}
              {note && <span className="ml-1.5 font-mono text-xs break-words text-muted">{note}</span>}
            </span>
          </li>
        );
      })}
    </ol>
  );
}
