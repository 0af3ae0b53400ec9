import { useMemo } from "react";
import { classes } from "@/components/classes";
import { shortNames } from "@/components/shorten";
import { useSelect } from "@/state/hooks";
import { nodeViews } from "@/state/nodes";
import { NodeCard } from "@/features/nodes/NodeCard";

// By the number of nodes: none is left alone in a row, and where there is the width for the longest state in words, two
// rows at most leave the drawing its room.
const COLUMNS = [
  "",
  "grid-cols-1",
  "grid-cols-2",
  "grid-cols-3",
  "grid-cols-2 @min-[26.5rem]:grid-cols-4",
  "grid-cols-3",
  "grid-cols-3",
  "grid-cols-3 @min-[26.5rem]:grid-cols-4",
];

export function NodeCards() {
  const cluster = useSelect((state) => state.picture.cluster);
  const chaos = useSelect((state) => state.picture.chaos);
  const served_by = useSelect((state) => state.connection.served_by);
  const members = useSelect((state) => state.picture.members);
  const views = useMemo(() => nodeViews(cluster, chaos, members), [cluster, chaos, members]);
  const columns = COLUMNS[views.length] ?? "grid-cols-3 @min-[26.5rem]:grid-cols-4";
  const names = shortNames(
    views.map(({ node }) => node.id),
    views.length === 4 || views.length > 6 ? 9 : 14,
  );
  return (
    <div className="@container shrink-0">
      <ul aria-label="Nodes" className={classes("grid gap-1.5", columns)}>
        {views.map((view, i) => (
          <NodeCard key={view.node.id} view={view} name={names[i]!} serves={view.node.id === served_by} />
        ))}
      </ul>
    </div>
  );
}
