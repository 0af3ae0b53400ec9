// What the page knows of the keys: the pages that were read, kept true by the changes that the watch tells.
import type { KeyEntry, KeyPage } from "@/api/keys";
import type { Change } from "@/api/watch";

export interface Row extends KeyEntry {
  // Since it was first listed.
  changed: boolean;
}

export interface KeyList {
  // In byte order.
  rows: readonly Row[];
  // What was read: keys up to `until` (null: to the end), as of the log index `index`.
  spans: readonly { until: string | null; index: number }[];
}

export const NOTHING: KeyList = { rows: [], spans: [] };

// Where the next page begins; null where all is there.
export function nextOf({ spans }: KeyList): string | null {
  return spans.at(-1)?.until ?? null;
}

// From where the watch has to tell: what came later than the oldest span.
export function indexOf({ spans }: KeyList): number {
  return spans[0]?.index ?? 0;
}

export function withPage({ rows, spans }: KeyList, { keys, next, index }: KeyPage): KeyList {
  return {
    rows: [...rows, ...keys.map((entry) => ({ ...entry, changed: false }))],
    spans: [...spans, { until: next, index }],
  };
}

// The list as it was read again; marked is what was not there before, or had another version.
export function withRows(before: KeyList, now: KeyList): KeyList {
  const known = new Map(before.rows.map((row) => [row.key, row]));
  return {
    ...now,
    rows: now.rows.map((row) => {
      const old = known.get(row.key);
      return old?.version === row.version ? old : { ...row, changed: true };
    }),
  };
}

// Where the key is, or would be; undefined where that was not read.
export function spanOf({ spans }: KeyList, key: string) {
  return spans.find(({ until }) => until === null || compareKeys(key, until) <= 0);
}

// A change that is outside of what was read, or not newer than it, changes nothing.
export function withChanges(list: KeyList, changes: Iterable<Change>): KeyList {
  const relevant = [...changes].filter(({ key, version }) => version > (spanOf(list, key)?.index ?? Infinity));
  if (relevant.length === 0) return list;
  const rows = new Map(list.rows.map((row) => [row.key, row]));
  let added = false;
  for (const { op, key, value = "", version } of relevant) {
    const before = rows.get(key);
    // A transaction may change a key twice, both times with its own index for a version.
    if (before && (version < before.version || (version === before.version && value === before.value && op === "put")))
      continue;
    if (op === "delete") rows.delete(key);
    else rows.set(key, { key, value, version, changed: true });
    added ||= op === "put" && !before;
  }
  const sorted = [...rows.values()];
  if (added) sorted.sort((a, b) => compareKeys(a.key, b.key));
  return { ...list, rows: sorted };
}

// In the order of their bytes in UTF-8, which is that of their code points; strings compare by halves of them.
export function compareKeys(a: string, b: string): number {
  for (let i = 0; i < a.length && i < b.length; ++i) {
    if (a.charCodeAt(i) !== b.charCodeAt(i)) return a.codePointAt(i)! - b.codePointAt(i)!;
  }
  return a.length - b.length;
}
