import { useMemo } from "react";
import { classes } from "@/components/classes";
import { Panel } from "@/components/Panel";
import { shortNames } from "@/components/shorten";
import { useSize } from "@/components/useSize";
import { useSelect } from "@/state/hooks";
import { nodeFaultOf, type NodeFault } from "@/state/links";
import { nodeViews } from "@/state/nodes";
import { edgesOf } from "@/features/topology/edges";
import { Edge } from "@/features/topology/Edge";
import { placeLabels } from "@/features/topology/labels";
import { JointMark } from "@/features/topology/JointMark";
import { Legend } from "@/features/topology/Legend";
import { NodeMark } from "@/features/topology/NodeMark";
import { Pill } from "@/features/topology/Pill";
import { Pulses } from "@/features/topology/Pulses";
import { placeNodes, type Point } from "@/features/topology/layout";

// A drawing of more rows needs more height: below that, the log gives way.
function heightFor(nodes: number): string {
  if (nodes <= 3) return "wide:min-h-44";
  return nodes <= 5 ? "wide:min-h-56" : "wide:min-h-68";
}

export function Topology() {
  const cluster = useSelect((state) => state.picture.cluster);
  const chaos = useSelect((state) => state.picture.chaos);
  const [box, { width, height }] = useSize<HTMLDivElement>();
  const members = useSelect((state) => state.picture.members);
  const views = useMemo(() => nodeViews(cluster, chaos, members), [cluster, chaos, members]);
  const layout = useMemo(() => placeNodes(views.length, width, height), [views.length, width, height]);
  const names = shortNames(
    views.map(({ node }) => node.id),
    layout.name_length,
  );
  const ids = views.map(({ node }) => node.id);
  const faulty = new Map<string, NodeFault>(
    ids.flatMap((id) => {
      const fault = nodeFaultOf(chaos, id, ids);
      return fault ? [[id, fault]] : [];
    }),
  );
  const edges = edgesOf(views, chaos, cluster?.leader_id ?? "", faulty);
  const points = new Map<string, Point>(ids.map((id, i) => [id, layout.places[i]!]));
  const texts = views.map(({ node, look, label }, i) => {
    const cut_off = layout.places[i]!.text === "below" ? `Cut off · ${label}` : "Cut off";
    const state = look === "partitioned" ? cut_off : label;
    return { name: names[i]!, state, fault: faulty.get(node.id)?.label ?? "" };
  });
  const description = [
    ...views.map(({ node, label }) => `${node.id}: ${label}`),
    ...edges.filter(({ kind }) => kind !== "follower").map(({ a, b, title }) => `${a} to ${b}: ${title}`),
  ].join("; ");

  return (
    <Panel
      title="Topology"
      aside={
        <div className="flex min-w-0 items-center gap-3">
          {members?.joint && <JointMark />}
          <Legend />
        </div>
      }
      className={classes("h-72 shrink-0 wide:h-auto wide:flex-1 wide:shrink", heightFor(views.length))}
    >
      <div ref={box} className="relative min-h-0 flex-1">
        {width > 0 && (
          <svg width={width} height={height} role="img" aria-label={description} className="absolute inset-0">
            {edges.map((edge) => (
              <Edge key={`${edge.a}/${edge.b}`} edge={edge} points={points} radius={layout.radius} />
            ))}
            <Pulses points={points} radius={layout.radius} />
            {placeLabels(edges, ids, texts, layout).map(({ edge, text, x, y }) => {
              const ends = `${edge.a}/${edge.b}`;
              return <Pill key={ends} of={ends} kind={edge.kind} text={text} x={x} y={y} />;
            })}
            {views.map((view, i) => (
              <NodeMark
                key={view.node.id}
                view={view}
                name={texts[i]!.name}
                state={texts[i]!.state}
                fault={faulty.get(view.node.id)}
                joint={members?.joint ?? false}
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
