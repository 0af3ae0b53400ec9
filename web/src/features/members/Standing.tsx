import type { Member } from "@/api/types";
import { classes } from "@/components/classes";

const PROGRESS: Record<NonNullable<Member["progress"]>, { word: string; title: string }> = {
  probe: { word: "probing", title: "The leader looks for where the logs agree" },
  replicate: { word: "replicating", title: "Entries follow each other" },
  snapshot: { word: "snapshot on its way", title: "It is being sent a snapshot" },
};

// How far a member's log is the leader's.
export function Standing({ member, last_index }: { member: Member; last_index: number }) {
  const { match_index, progress } = member;
  if (match_index === undefined || !progress)
    return <p className="text-xs text-muted">How far it is, the leader alone knows.</p>;
  const behind = Math.max(0, last_index - match_index);
  const percent = last_index > 0 ? Math.floor((100 * match_index) / last_index) : 100;
  return (
    <div className="flex items-center gap-2 text-xs">
      <div
        role="meter"
        aria-label={`Log of ${member.id}`}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent}
        className="h-1.5 w-20 shrink-0 overflow-hidden rounded-full bg-line"
      >
        <div
          className={classes("h-full", behind === 0 ? "bg-leader" : "bg-candidate")}
          style={{ width: `${percent}%` }}
        />
      </div>
      <p className="min-w-0 truncate text-muted" title={PROGRESS[progress].title}>
        <span className="font-mono">{match_index}</span>
        {behind > 0 && <span className="text-candidate">, {behind} behind</span>} · {PROGRESS[progress].word}
      </p>
    </div>
  );
}
