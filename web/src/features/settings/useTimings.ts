import { useCallback, useEffect, useState } from "react";
import { applyConfig, readConfig, type Timings } from "@/api/config";
import { messageOf } from "@/api/request";
import type { NodeConfig } from "@/api/types";
import { useDispatch, useSelect } from "@/state/hooks";

interface Applied {
  refused: boolean;
  message: string;
}

// The timings in force on every node, and how to change them. Read when the page opens, when the stream is back and when
// nodes come or go; only people change them.
export function useTimings() {
  const dispatch = useDispatch();
  const connected = useSelect((state) => state.connection.status === "open");
  const who = useSelect((state) => state.picture.cluster?.nodes.map(({ id }) => id).join() ?? "");
  const [nodes, setNodes] = useState<NodeConfig[]>([]);
  const [busy, setBusy] = useState(false);
  const [applied, setApplied] = useState<Applied>();

  useEffect(() => {
    if (!connected) return;
    const abort = new AbortController();
    readConfig(abort.signal).then(setNodes, () => undefined);
    return () => abort.abort();
  }, [connected, who]);

  const apply = useCallback(
    async (timings: Timings) => {
      setBusy(true);
      try {
        const rows = await applyConfig(timings);
        setNodes(rows);
        const outcome = outcomeOf(rows);
        setApplied(outcome);
        const title = `Election timeout ${timings.election_timeout_ms} ms, heartbeat ${timings.heartbeat_ms} ms`;
        dispatch({ type: "note", kind: "settings", at: Date.now(), title, detail: outcome.message });
      } catch (error) {
        setApplied({ refused: true, message: `Refused: ${messageOf(error)}` });
      } finally {
        setBusy(false);
      }
    },
    [dispatch],
  );

  return { nodes, busy, applied, apply };
}

function outcomeOf(rows: NodeConfig[]): Applied {
  const failed = rows.filter(({ error }) => error);
  if (failed.length === 0) return { refused: false, message: `Applied to all ${rows.length} nodes` };
  const where = failed.map(({ node, error }) => `${node} (${error})`).join(", ");
  return {
    refused: true,
    message: `Applied to ${rows.length - failed.length} of ${rows.length} nodes, not to ${where}`,
  };
}
