import { classes } from "@/components/classes";
import { Noticed } from "@/components/Noticed";
import { LOOK_COLOR, StateGlyph } from "@/components/StateGlyph";
import type { NodeView } from "@/state/nodes";

interface NodeCardProps {
  view: NodeView;
  // This page comes from this node.
  serves: boolean;
}

export function NodeCard({ view: { node, look, label }, serves }: NodeCardProps) {
  const lost = look === "down" || look === "partitioned";
  return (
    <li
      data-node={node.id}
      data-look={look}
      className={classes("min-w-0 rounded-md border px-2 py-1", lost ? "border-down bg-down/10" : "border-line bg-raised")}
    >
      <div className="flex items-center gap-1">
        <span className="truncate font-semibold" title={node.id}>
          {node.id}
        </span>
        {serves && (
          <span className="shrink-0 text-[11px] text-muted" title="This page is served by this node">
            · here
          </span>
        )}
      </div>
      <div className={classes("flex items-center gap-1 font-medium", LOOK_COLOR[look])}>
        <StateGlyph look={look} />
        <span className="truncate" title={label}>
          {label}
        </span>
      </div>
      <div className="text-xs whitespace-nowrap text-muted">
        <Noticed value={node.term}>term {node.reachable ? node.term : "—"}</Noticed>
        {" · "}
        <span title="commit index">commit {node.reachable ? node.commit_index : "—"}</span>
      </div>
    </li>
  );
}
