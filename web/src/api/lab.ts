// The laboratory's documents as the server speaks them (lab/README.md), and how to get them.
import { request } from "@/api/request";

export interface Act {
  at_ms: number;
  do: string;
  node?: string;
  from?: string;
  to?: string;
  nodes?: string[];
  // Of member: who is to be what; with promote, learners vote once they have caught up.
  learn?: string[];
  promote?: boolean;
  vote?: string[];
  leave?: string[];
  replace?: string;
  key?: string;
  value?: string;
  number?: number;
  ms?: number;
  percent?: number;
  ppm?: number;
  timeout_ms?: number;
  full?: boolean;
  text?: string;
  retries?: number;
}

export interface Experiment {
  format: number;
  incident?: string;
  nodes: number;
  outsiders?: number;
  // Nodes that may become members, after the outsiders.
  spares?: number;
  // Acts may change the members, as they may with spares.
  members_change?: boolean;
  identities?: boolean;
  seed: number;
  duration_ms: number;
  timings?: { election_timeout_ms: number; heartbeat_ms: number };
  snapshot_bytes?: number;
  keep_bytes?: number;
  entries_per_append?: number;
  appends_in_flight?: number;
  // The simulator's clients and faults of this seed, besides the acts; without those that are spared.
  swarm?: number;
  spared?: number[];
  members?: "always" | "never";
  off: string[];
  acts: Act[];
}

export interface Incident {
  name: string;
  row: number;
  title: string;
  happened: string;
  sources: string[];
  systems: string[];
  rule: string;
  paper: string[];
  in_short: string[];
  switches: string[];
  judge: string;
  measure?: string;
  // What has to be built before it can be seen; then there is nothing to run.
  waits_for?: string;
  on?: Experiment;
  off?: Experiment;
}

export interface Defence {
  name: string;
  words: string;
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
  number?: number;
  at?: number;
  voters?: string[];
  outgoing?: string[];
  learners?: string[];
  learn?: string[];
  promote?: boolean;
  vote?: string[];
  leave?: string[];
  replace?: string;
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

// What a page holds that was saved as a file (raftly-lab page): the incident, if it is one, and its runs.
interface Saved {
  incidents: Incident[];
  defences: Defence[];
  on: Trace;
  off?: Trace;
}

export const saved = ((): Saved | undefined => {
  const text = globalThis.document?.getElementById("raftly-saved")?.textContent;
  return text ? (JSON.parse(text) as Saved) : undefined;
})();

export const isSaved = saved !== undefined;

export const getIncidents = async (signal?: AbortSignal): Promise<Incident[]> =>
  saved ? saved.incidents : (await request<Incident[]>("GET", "/api/lab/incidents", { signal })).data;

export const getDefences = async (signal?: AbortSignal): Promise<Defence[]> =>
  saved ? saved.defences : (await request<Defence[]>("GET", "/api/lab/defences", { signal })).data;

// The order of what is off means nothing.
const sameExperiment = (a: Experiment, b: Experiment): boolean => {
  const key = (of: Experiment) => JSON.stringify(Object.entries({ ...of, off: [...of.off].sort() }).sort());
  return key(a) === key(b);
};

export async function runExperiment(experiment: Experiment): Promise<Trace> {
  if (!saved) return (await request<Trace>("POST", "/api/lab/run", { body: experiment })).data;
  for (const trace of [saved.on, saved.off]) {
    if (trace && sameExperiment(trace.experiment, experiment)) return trace;
  }
  throw new Error("This page is a file: it holds two runs and can make no others. `make lab` can.");
}

// The experiment, run both ways, as a file that needs no network.
export async function savePage(experiment: Experiment): Promise<Blob> {
  const response = await fetch("/api/lab/page", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(experiment),
  });
  if (!response.ok) throw new Error(((await response.json()) as { error?: string }).error ?? response.statusText);
  return response.blob();
}
