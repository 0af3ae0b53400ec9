// The laboratory's documents as the server speaks them (lab/README.md), and how to get them.
import { request } from "@/api/request";

export interface Act {
  at_ms: number;
  do: string;
  node?: string;
  from?: string;
  to?: string;
  nodes?: string[];
  key?: string;
  value?: string;
  number?: number;
  ms?: number;
  percent?: number;
  ppm?: number;
  timeout_ms?: number;
  full?: boolean;
  text?: string;
}

export interface Experiment {
  format: number;
  incident?: string;
  nodes: number;
  seed: number;
  duration_ms: number;
  timings?: { election_timeout_ms: number; heartbeat_ms: number };
  snapshot_bytes?: number;
  keep_bytes?: number;
  off: string[];
  acts: Act[];
}

export interface Incident {
  name: string;
  row: number;
  title: string;
  happened: string;
  sources: string[];
  rule: string;
  in_short: string[];
  switches: string[];
  judge: string;
  measure?: string;
  on: Experiment;
  off: Experiment;
}

export type LogEntry = [index: number, term: number, command: string];

// Which fields an event has depends on what it is, `e`: lab/trace.h lists them.
export interface TraceEvent {
  t: number;
  e: string;
  node?: string;
  n?: number;
  from?: string | number;
  to?: string;
  kind?: string;
  answers?: number;
  why?: string;
  what?: string;
  role?: string;
  term?: number;
  leader?: string;
  for?: string;
  voted_for?: string;
  index?: number;
  entries?: LogEntry[] | number;
  base?: [number, number];
  prev?: [number, number];
  last?: [number, number];
  commit?: number;
  key?: string;
  value?: string | null;
  state?: Record<string, string>;
  bytes?: number;
  op?: number;
  do?: string;
  outcome?: string;
  text?: string;
  act?: number;
  nodes?: string[];
}

export interface Verdict {
  judge: string;
  rule: string;
  holds: boolean;
  finding?: string;
  events?: number[];
}

export interface Trace {
  experiment: Experiment;
  nodes: string[];
  events: TraceEvent[];
  verdicts: Verdict[];
  summary: Record<string, number | boolean>;
}

// An incident with both its runs, in a page that was saved as a file (raftly-lab page).
interface Saved {
  incident: Incident;
  on: Trace;
  off: Trace;
}

const saved = ((): Saved | undefined => {
  const text = globalThis.document?.getElementById("raftly-saved")?.textContent;
  return text ? (JSON.parse(text) as Saved) : undefined;
})();

export const isSaved = saved !== undefined;

export const getIncidents = async (signal?: AbortSignal): Promise<Incident[]> =>
  saved ? [saved.incident] : (await request<Incident[]>("GET", "/api/lab/incidents", { signal })).data;

export async function runExperiment(experiment: Experiment): Promise<Trace> {
  if (!saved) return (await request<Trace>("POST", "/api/lab/run", { body: experiment })).data;
  const asked = JSON.stringify(experiment);
  for (const which of ["on", "off"] as const) {
    if (asked === JSON.stringify(saved.incident[which])) return saved[which];
  }
  throw new Error("This page is a file: it holds two runs and can make no others. `make lab` can.");
}
