// Which defences the second run goes without.
import { classes } from "@/components/classes";

// As raft/core/config.h names them.
const DEFENCES: [string, string][] = [
  ["quorum_commit", "commit by majority"],
  ["current_term_commit", "commit by own term"],
  ["election_restriction", "election restriction"],
  ["one_vote_per_term", "one vote per term"],
  ["vote_persistence", "votes on disk"],
  ["log_matching", "log matching"],
  ["read_confirmation", "confirmed reads"],
  ["waiter_term", "answers by term"],
  ["pre_vote", "pre-vote"],
  ["check_quorum", "check quorum"],
  ["stickiness", "sticky followers"],
  ["sync_before_promise", "sync before promise"],
  ["verify_checksums", "checksums"],
  ["truncate_torn_tail", "torn tails cut"],
  ["final_sync_failure", "no second sync"],
  ["discard_conflicting_log", "conflicting log discarded"],
];

interface SwitchesProps {
  off: string[];
  onSwitch: (name: string) => void;
}

export function Switches({ off, onSwitch }: SwitchesProps) {
  const chosen = off.map((name): [string, string] => DEFENCES.find(([known]) => known === name) ?? [name, name]);
  const others = DEFENCES.filter(([name]) => !off.includes(name));
  const mark = ([name, words]: [string, string]) => (
    <label
      key={name}
      className={classes(
        "cursor-pointer rounded-md border px-1.5 py-0.5 text-xs has-focus-visible:outline-2",
        off.includes(name) ? "border-down bg-down/10 text-down" : "border-line text-muted hover:border-muted",
      )}
    >
      <input type="checkbox" className="sr-only" checked={off.includes(name)} onChange={() => onSwitch(name)} />
      {words}
    </label>
  );
  return (
    <fieldset className="px-3 py-1">
      <legend className="sr-only">Defences that the other run goes without</legend>
      <div className="flex flex-wrap items-center gap-1">
        <span className="text-xs text-muted">
          {off.length > 0 ? "Compared with a run without:" : "All defences are on."}
        </span>
        {chosen.map(mark)}
      </div>
      <details className="mt-1" open={off.length === 0}>
        <summary className="text-xs text-muted">Switch off another</summary>
        <div className="mt-1 flex flex-wrap gap-1">{others.map(mark)}</div>
      </details>
    </fieldset>
  );
}
