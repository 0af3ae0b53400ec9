import { classes } from "@/components/classes";
import type { StreamStatus } from "@/api/eventStream";
import { useSelect } from "@/state/hooks";

const LOOKS: Record<StreamStatus, { glyph: string; words: string; color: string }> = {
  connecting: { glyph: "○", words: "connecting", color: "text-muted" },
  open: { glyph: "●", words: "live", color: "text-leader" },
  reconnecting: { glyph: "◌", words: "reconnecting", color: "text-candidate" },
};

export function ConnectionMark() {
  const { status, served_by } = useSelect((state) => state.connection);
  const { glyph, words, color } = LOOKS[status];
  return (
    <p className="flex min-w-0 gap-1.5 text-xs text-muted" data-stream={status}>
      <span className={classes("whitespace-nowrap", color)}>
        <span aria-hidden="true">{glyph}</span> {words}
      </span>
      {served_by && (
        <span className="truncate max-sm:hidden" title={served_by}>
          served by {served_by}
        </span>
      )}
    </p>
  );
}
