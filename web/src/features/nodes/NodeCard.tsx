import { bytesInWords } from "@/components/bytes";
import { classes } from "@/components/classes";
import { Noticed } from "@/components/Noticed";
import { LOOK_COLOR, StateGlyph } from "@/components/StateGlyph";
import type { ClusterNode } from "@/api/types";
import type { NodeView } from "@/state/nodes";

interface NodeCardProps {
  view: NodeView;
  // Short enough for the card.
  name: string;
  // This page comes from this node.
  serves: boolean;
}

export function NodeCard({ view: { node, look, label }, name, serves }: NodeCardProps) {
  const lost = look === "down" || look === "partitioned";
  return (
    <li
      data-node={node.id}
      data-look={look}
      className={classes(
        "@container min-w-0 rounded-md border px-1.5 py-1 @min-[26.5rem]:px-2",
        lost ? "border-down bg-down/10" : "border-line bg-panel",
      )}
    >
      <div className={classes("flex items-center gap-1", LOOK_COLOR[look])}>
        <StateGlyph look={look} />
        <span className="truncate font-semibold text-ink" title={node.id}>
          {name}
        </span>
        {look === "partitioned" && (
          <span className="hidden shrink-0 text-2xs font-semibold text-down @min-[8.5rem]:inline">· cut off</span>
        )}
        {serves && look !== "partitioned" && (
          <span
            className="hidden shrink-0 text-2xs text-muted @min-[8.5rem]:inline"
            title="This page is served by this node"
          >
            · here
          </span>
        )}
      </div>
      <div
        className={classes("truncate text-2xs font-medium @min-[6.5rem]:text-xs", LOOK_COLOR[look])}
        title={node.error ? `${label}: ${node.error}` : label}
      >
        {label}
      </div>
      <div className="flex flex-wrap justify-between gap-x-2 text-xs whitespace-nowrap text-muted">
        <Noticed value={node.term}>term {node.reachable ? node.term : "—"}</Noticed>
        <span title={aboutLog(node)}>commit {node.reachable ? node.commit_index : "—"}</span>
      </div>
      {node.reachable && !!node.first_index && (
        <div className="hidden flex-wrap justify-between gap-x-2 text-2xs whitespace-nowrap text-muted tall:flex">
          <span title={`Its log holds the entries from index ${node.first_index} on`}>
            log {bytesInWords(node.log_bytes ?? 0)} from {node.first_index}
          </span>
          <span title="Last index that its newest snapshot holds">
            {node.snapshot_index ? `snapshot ${node.snapshot_index}` : "no snapshot"}
          </span>
        </div>
      )}
      {node.reachable && node.error && (
        <p className="line-clamp-2 text-2xs break-words text-down" title={node.error}>
          {node.error}
        </p>
      )}
    </li>
  );
}

// All of it, also where the card is too low to say so.
function aboutLog({ first_index, log_bytes = 0, snapshot_index = 0 }: ClusterNode): string {
  if (!first_index) return "Commit index";
  const snapshot = snapshot_index ? `snapshot of all up to ${snapshot_index}` : "no snapshot";
  return `Commit index; ${bytesInWords(log_bytes)} of log from index ${first_index} on, ${snapshot}`;
}
