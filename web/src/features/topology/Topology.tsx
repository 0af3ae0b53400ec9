import { useMemo } from "react";
import { Panel } from "@/components/Panel";
import { shortNames } from "@/components/shorten";
import { useSize } from "@/components/useSize";
import { useSelect } from "@/state/hooks";
import { nodeViews } from "@/state/nodes";
import { edgesOf } from "@/features/topology/edges";
import { Edge } from "@/features/topology/Edge";
import { EdgeLabel } from "@/features/topology/EdgeLabel";
import { Legend } from "@/features/topology/Legend";
import { NodeMark } from "@/features/topology/NodeMark";
import { Pulses } from "@/features/topology/Pulses";
import { placeNodes, type Point } from "@/features/topology/layout";

export function Topology() {
  const cluster = useSelect((state) => state.picture.cluster);
  const chaos = useSelect((state) => state.picture.chaos);
  const [box, { width, height }] = useSize<HTMLDivElement>();
  const views = useMemo(() => nodeViews(cluster, chaos), [cluster, chaos]);
  const layout = useMemo(() => placeNodes(views.length, width, height), [views.length, width, height]);
  const names = shortNames(
    views.map(({ node }) => node.id),
    layout.name_length,
  );
  const edges = edgesOf(views, chaos, cluster?.leader_id ?? "");
  const points = new Map<string, Point>(views.map(({ node }, i) => [node.id, layout.places[i]!]));
  const description = [
    ...views.map(({ node, label }) => `${node.id}: ${label}`),
    ...edges.filter(({ kind }) => kind !== "follower").map(({ a, b, title }) => `${a} to ${b}: ${title}`),
  ].join("; ");

  return (
    <Panel
      title="Topology"
      aside={<Legend />}
      className="h-72 shrink-0 wide:h-auto wide:min-h-44 wide:flex-1 wide:shrink"
    >
      <div ref={box} className="relative min-h-0 flex-1">
        {width > 0 && (
          <svg width={width} height={height} role="img" aria-label={description} className="absolute inset-0">
            {edges.map((edge) => (
              <Edge key={`${edge.a}/${edge.b}`} edge={edge} points={points} radius={layout.radius} />
            ))}
            <Pulses points={points} radius={layout.radius} />
            {edges.map((edge) => (
              <EdgeLabel key={`${edge.a}/${edge.b}`} edge={edge} points={points} count={views.length} />
            ))}
            {views.map((view, i) => (
              <NodeMark
                key={view.node.id}
                view={view}
                name={names[i]!}
                place={layout.places[i]!}
                radius={layout.radius / layout.scale}
                scale={layout.scale}
              />
            ))}
          </svg>
        )}
        {views.length === 1 && (
          <p className="absolute inset-x-3 bottom-1 text-center text-xs text-muted">
            A cluster of one node: it is its own majority. Start it with -peers to see replication.
          </p>
        )}
        {cluster && cluster.leader_id === "" && (
          <p className="absolute top-0 left-3 rounded bg-candidate/15 px-2 py-0.5 text-xs font-semibold text-candidate">
            ▲ No leader
          </p>
        )}
      </div>
    </Panel>
  );
}
