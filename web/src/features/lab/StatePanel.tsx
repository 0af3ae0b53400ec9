// Every node at the cursor.
import { classes } from "@/components/classes";
import { Panel } from "@/components/Panel";
import { seatOf } from "@/features/lab/members";
import { wordsOf } from "@/state/configuration";
import type { NodeMoment } from "@/features/lab/moment";

const COLOURS: Record<string, string> = {
  Leader: "text-leader",
  Follower: "text-follower",
  Candidate: "text-candidate",
  PreCandidate: "text-candidate",
};
// What lies further back is in the picture.
const ENTRIES = 6;

function Entry({ node, entry: [index, term, command] }: { node: NodeMoment; entry: [number, number, string] }) {
  const durable = index <= node.durable;
  const committed = index <= node.commit;
  return (
    <li
      className={classes("flex gap-2 font-mono text-2xs", !committed && "text-muted", !durable && "italic opacity-70")}
      title={`${committed ? "committed" : "not committed"}, ${durable ? "on the disk" : "not on the disk yet"}`}
    >
      <span className="w-6 shrink-0 text-right">{index}</span>
      <span className="w-6 shrink-0">t{term}</span>
      <span className="min-w-0 truncate">
        {committed ? "" : "○ "}
        {command}
      </span>
    </li>
  );
}

function NodeState({ node }: { node: NodeMoment }) {
  const role = !node.up ? "down" : node.paused ? "paused" : node.role;
  const log = node.log.slice(-ENTRIES);
  const left = node.log.length - log.length;
  const seat = node.members && seatOf(node.id, node.members);
  const registers = Object.entries(node.registers);
  return (
    <li className="rounded-md border border-line p-2">
      <p className="flex flex-wrap items-baseline gap-x-2">
        <b>{node.id}</b>
        <span className={COLOURS[role] ?? "text-down"}>{role}</span>
        {seat && <span className="rounded-md border border-line px-1 text-2xs text-delayed">{seat}</span>}
        <span className="text-xs text-muted">
          term {node.term}
          {node.vote && `, voted for ${node.vote}`}, committed {node.commit}, applied {node.applied}
        </span>
      </p>
      {node.members && <p className="text-2xs text-muted">members: {wordsOf(node.members)}</p>}
      <ul className="mt-1">
        {node.base > 0 && <li className="text-2xs text-muted">up to {node.base} in a snapshot</li>}
        {left > 0 && <li className="text-2xs text-muted">{left} entries before</li>}
        {log.map((entry) => (
          <Entry key={entry[0]} node={node} entry={entry} />
        ))}
      </ul>
      {registers.length > 0 && (
        <p className="mt-1 truncate font-mono text-2xs text-muted">
          {registers
            .slice(-4)
            .map(([key, value]) => `${key}=${value}`)
            .join("  ")}
        </p>
      )}
    </li>
  );
}

export function StatePanel({ nodes, cursor, which }: { nodes: NodeMoment[]; cursor: number; which: string }) {
  return (
    <Panel tour="state" title={`At ${cursor.toFixed(1)} ms, ${which}`}>
      <ul className="flex flex-col gap-1.5 px-3 pb-3">
        {nodes.map((node) => (
          <NodeState key={node.id} node={node} />
        ))}
      </ul>
    </Panel>
  );
}
