import { useMemo, type CSSProperties } from "react";
import { Panel } from "@/components/Panel";
import { classes } from "@/components/classes";
import { shortNames } from "@/components/shorten";
import { useSelect } from "@/state/hooks";
import { LogRow } from "@/features/log/LogRow";
import { Progress } from "@/features/log/Progress";
import { progressOf, rowsOf } from "@/features/log/rows";

export function ReplicationLog() {
  const log = useSelect((state) => state.picture.log);
  const rows = useMemo(() => rowsOf(log), [log]);
  const nodes = log?.nodes ?? [];
  const crowded = nodes.length > 4;
  const names = shortNames(
    nodes.map(({ node }) => node),
    crowded ? 6 : 8,
  );
  return (
    <Panel
      title="Replication log"
      aside={<Progress {...progressOf(log)} />}
      // Where the window is low it scrolls within itself, for it is the drawing that needs its height.
      className="shrink-0 wide:min-h-36 wide:shrink"
    >
      {rows.length === 0 ? (
        <p className="px-3 py-3 text-muted">
          {log ? "The log is empty: write a key under KV ops." : "Waiting for the first report."}
        </p>
      ) : (
        <div
          className="relative mb-1.5 min-h-0 overflow-auto px-2"
          tabIndex={0}
          aria-label="The last entries of each node's log"
        >
          <table
            className="w-full min-w-(--width) table-fixed border-separate border-spacing-x-0.5 border-spacing-y-0.5 text-xs"
            style={{ "--width": `${3 + nodes.length * (crowded ? 2.625 : 3.625) + 5.5}rem` } as CSSProperties}
          >
            <thead className="sticky top-0 bg-panel">
              <tr className="text-left text-muted">
                <th scope="col" className="w-12 pr-1 text-right font-normal">
                  index
                </th>
                {nodes.map(({ node, error }, i) => (
                  <th
                    key={node}
                    scope="col"
                    title={error ? `${node}: ${error}` : node}
                    className={classes("truncate px-0.5 text-center font-normal", crowded ? "w-10 text-2xs" : "w-14")}
                  >
                    {names[i]}
                  </th>
                ))}
                <th scope="col" className="pl-1 font-normal">
                  entry
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <LogRow key={row.index} row={row} nodes={nodes.map(({ node }) => node)} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}
