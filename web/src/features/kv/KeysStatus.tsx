import { classes } from "@/components/classes";
import { POLL_MS, type Followed } from "@/features/kv/keyFollower";
import { nextOf } from "@/features/kv/keyList";

const WORDS: Record<Followed["mode"], { text: string; color: string }> = {
  reading: { text: "Reading…", color: "bg-muted" },
  watching: { text: "Live: follows every change", color: "bg-leader" },
  polling: { text: `No watch on this server: read again every ${POLL_MS / 1000} s`, color: "bg-candidate" },
  broken: { text: "Not live at the moment, trying again", color: "bg-down" },
};

export function KeysStatus({ followed: { prefix, list, mode, error } }: { followed: Followed }) {
  const { text, color } = WORDS[mode];
  const { length } = list.rows;
  const count = `${nextOf(list) === null ? "" : "The first "}${length || "No"} ${length === 1 ? "key" : "keys"}`;
  return (
    <div className="flex items-baseline justify-between gap-3 text-xs text-muted">
      <p role="status" data-mode={mode} data-prefix={prefix} className="min-w-0 break-words">
        <span aria-hidden="true" className={classes("mr-1.5 inline-block size-2 rounded-full", color)} />
        {text}
        {error && <span className="text-down">: {error}</span>}
      </p>
      {list.spans.length > 0 && <p className="shrink-0">{count}</p>}
    </div>
  );
}
