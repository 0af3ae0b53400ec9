// The tails of the nodes' logs side by side: a row per index, a cell per node.
import type { ClusterLog, LogEntry } from "@/api/types";
import { type Configuration, configurationOf, wordsOf } from "@/state/configuration";

// overruled: replicated, but another entry has been committed at this index, so this one will be overwritten.
export interface Cell {
  status: "committed" | "replicated" | "overruled" | "absent" | "unknown";
  term: number;
}

export interface Row {
  index: number;
  // What the entry says; where nodes differ, what the one with the highest term says.
  data: string;
  // Not all nodes have the same entry here.
  conflict: boolean;
  cells: Cell[];
}

export const ROWS = 10;

// The last rows, newest first.
export function rowsOf(log: ClusterLog | null): Row[] {
  const nodes = log?.nodes ?? [];
  const last = Math.max(0, ...nodes.map((node) => node.last_index));
  return Array.from({ length: Math.min(ROWS, last) }, (_, i) => rowAt(last - i, nodes));
}

function saidBy({ type, data }: LogEntry): string {
  if (type !== "config") return data || "no-op of a new leader";
  try {
    const { members } = JSON.parse(data) as { members?: Partial<Configuration> };
    return members ? `members: ${wordsOf(configurationOf(members))}` : data;
  } catch {
    // Empty as a Go node writes it, or cut because it is long.
    return data || "configuration";
  }
}

function rowAt(index: number, nodes: ClusterLog["nodes"]): Row {
  const entries = nodes.map((node) => node.entries.find((entry) => entry.index === index));
  const committed = entries.find((entry) => entry?.committed);
  const terms = new Set(entries.flatMap((entry) => (entry ? [entry.term] : [])));
  const newest = entries.reduce<LogEntry | undefined>(
    (best, entry) => (entry && entry.term >= (best?.term ?? 0) ? entry : best),
    undefined,
  );
  return {
    index,
    data: newest ? saidBy(newest) : "",
    conflict: terms.size > 1,
    cells: nodes.map((node, i) => {
      const entry = entries[i];
      if (node.error) return { status: "unknown", term: 0 };
      if (!entry) return { status: index <= node.commit_index ? "committed" : "absent", term: 0 };
      if (entry.committed) return { status: "committed", term: entry.term };
      const overruled = committed !== undefined && committed.term !== entry.term;
      return { status: overruled ? "overruled" : "replicated", term: entry.term };
    }),
  };
}

// How far the cluster's commit index is behind the end of the longest log.
export function progressOf(log: ClusterLog | null): { commit_index: number; last_index: number } {
  const nodes = log?.nodes ?? [];
  return {
    commit_index: Math.max(0, ...nodes.map((node) => node.commit_index)),
    last_index: Math.max(0, ...nodes.map((node) => node.last_index)),
  };
}
