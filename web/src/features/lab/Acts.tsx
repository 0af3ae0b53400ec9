// What is done to the cluster, and when: a list that can be changed, and more at the cursor.
import { memo, useState } from "react";
import type { Act } from "@/api/lab";
import { Button } from "@/components/Button";
import { Panel } from "@/components/Panel";
import type { Document, Edit } from "@/features/lab/document";
import { wishOf } from "@/features/lab/members";

interface ActsProps {
  document: Document;
  cursor: number;
  onEdit: (edit: Edit) => void;
}

const KINDS: { name: string; words: string; make: (node: string, number: number) => Omit<Act, "at_ms"> }[] = [
  { name: "isolate", words: "cut off", make: (node) => ({ do: "isolate", node }) },
  { name: "heal", words: "heal all links", make: () => ({ do: "heal" }) },
  { name: "crash", words: "kill", make: (node) => ({ do: "crash", node }) },
  { name: "power_loss", words: "power loss at", make: (node) => ({ do: "power_loss", node }) },
  { name: "start", words: "start all that are down", make: () => ({ do: "start" }) },
  { name: "start_one", words: "start", make: (node) => ({ do: "start", node }) },
  {
    name: "take_in",
    words: "take in as a member",
    make: (node) => ({ do: "member", node: "leader", learn: [node], promote: true }),
  },
  {
    name: "remove",
    words: "remove from the members",
    make: (node) => ({ do: "member", node: "leader", leave: [node] }),
  },
  { name: "lose_directory", words: "lose the directory of", make: (node) => ({ do: "lose_directory", node }) },
  { name: "pause", words: "pause", make: (node) => ({ do: "pause", node }) },
  { name: "resume", words: "resume", make: (node) => ({ do: "resume", node }) },
  { name: "slow_disk", words: "slow disk (200 ms) at", make: (node) => ({ do: "slow_disk", node, ms: 200 }) },
  { name: "fail_sync", words: "failing sync at", make: (node) => ({ do: "fail_sync", node }) },
  { name: "flip_bit", words: "flip a bit at", make: (node) => ({ do: "flip_bit", node }) },
  { name: "snapshot", words: "snapshot at", make: (node) => ({ do: "snapshot", node }) },
  { name: "put", words: "put through", make: (node, n) => ({ do: "put", node, key: "x", value: `mine${n}` }) },
  { name: "get", words: "get through", make: (node) => ({ do: "get", node, key: "x" }) },
];

const describe = ({
  at_ms,
  do: what,
  node,
  timeout_ms: _,
  learn,
  promote,
  vote,
  leave,
  replace,
  ...others
}: Act): string =>
  [`${at_ms} ms ${what}`, node, wishOf({ learn, promote, vote, leave, replace }), ...Object.values(others).map(String)]
    .filter(Boolean)
    .join(" ");

// There may be thousands, and the cursor moves with every frame.
const List = memo(function List({ acts, onEdit }: { acts: Act[]; onEdit: (edit: Edit) => void }) {
  return (
    <ol className="mt-2 max-h-44 overflow-y-auto px-3 pb-2">
      {acts.map((act, index) => (
        <li key={index} className="flex items-center gap-2 font-mono text-2xs">
          <button
            type="button"
            aria-label={`Take out: ${describe(act)}`}
            className="px-1 text-muted hover:text-down"
            onClick={() => onEdit({ type: "remove", act: index })}
          >
            ✕
          </button>
          <span className="min-w-0 truncate">{describe(act)}</span>
        </li>
      ))}
    </ol>
  );
});

export function Acts({ document, cursor, onEdit }: ActsProps) {
  const { experiment } = document.now;
  const [kind, setKind] = useState("isolate");
  const [node, setNode] = useState("leader");
  const names = [
    "leader",
    ...Array.from(
      { length: experiment.nodes + (experiment.outsiders ?? 0) + (experiment.spares ?? 0) },
      (_, i) => `n${i + 1}`,
    ),
  ];
  const at = Math.min(Math.round(cursor * 1000) / 1000, experiment.duration_ms);
  const select = "rounded-md border border-line bg-raised px-1.5 py-1";
  const add = () => {
    const made = KINDS.find(({ name }) => name === kind)!.make(node, experiment.acts.length);
    onEdit({ type: "act", act: { at_ms: at, ...made } });
  };
  return (
    <Panel
      title="What is done to it"
      tour="acts"
      aside={
        <span className="flex gap-1">
          <Button disabled={document.past.length === 0} onClick={() => onEdit({ type: "undo" })}>
            Undo
          </Button>
          <Button disabled={document.future.length === 0} onClick={() => onEdit({ type: "redo" })}>
            Redo
          </Button>
        </span>
      }
    >
      <div className="flex flex-wrap items-center gap-1.5 px-3 pt-1">
        <span>At the cursor:</span>
        <select aria-label="What" className={select} value={kind} onChange={(event) => setKind(event.target.value)}>
          {KINDS.map(({ name, words }) => (
            <option key={name} value={name}>
              {words}
            </option>
          ))}
        </select>
        <select aria-label="Whom" className={select} value={node} onChange={(event) => setNode(event.target.value)}>
          {names.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
        <Button look="primary" onClick={add}>
          Do it at {at.toFixed(0)} ms
        </Button>
      </div>
      <List acts={experiment.acts} onEdit={onEdit} />
    </Panel>
  );
}
