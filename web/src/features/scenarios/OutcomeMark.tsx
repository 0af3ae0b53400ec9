import { classes } from "@/components/classes";
import type { Outcome } from "@/state/run";

export const OUTCOMES: Record<Outcome, { glyph: string; words: string; color: string }> = {
  passed: { glyph: "✓", words: "as expected", color: "text-leader" },
  unexpected: { glyph: "!", words: "not as expected", color: "text-candidate" },
  cancelled: { glyph: "◼", words: "cancelled", color: "text-muted" },
  failed: { glyph: "✕", words: "failed", color: "text-down" },
};

export function OutcomeMark({ outcome }: { outcome: Outcome }) {
  const { glyph, words, color } = OUTCOMES[outcome];
  return (
    <span className={classes("text-xs", color)} title={`Last run: ${words}`}>
      {glyph}
      <span className="sr-only"> last run: {words}</span>
    </span>
  );
}
