import type { NodeConfig } from "@/api/types";

export function NodeTimings({ nodes }: { nodes: readonly NodeConfig[] }) {
  if (nodes.length === 0) return null;
  return (
    <table className="w-full table-fixed text-xs">
      <caption className="pb-1 text-left font-semibold text-muted">In force</caption>
      <thead className="text-left text-muted">
        <tr>
          <th scope="col" className="font-normal">
            node
          </th>
          <th scope="col" className="font-normal">
            election timeout
          </th>
          <th scope="col" className="font-normal">
            heartbeat
          </th>
        </tr>
      </thead>
      <tbody>
        {nodes.map(({ node, election_timeout_ms, heartbeat_ms, error }) => (
          <tr key={node} className="border-t border-line">
            <th scope="row" className="truncate py-0.5 text-left font-medium" title={node}>
              {node}
            </th>
            {error ? (
              <td colSpan={2} className="truncate text-down" title={error}>
                {error}
              </td>
            ) : (
              <>
                <td className="font-mono">{election_timeout_ms} ms</td>
                <td className="font-mono">{heartbeat_ms} ms</td>
              </>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
