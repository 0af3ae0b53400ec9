// What every node is and has at some moment of a trace.
import type { LogEntry, Trace, TraceEvent } from "@/api/lab";
import { isSpare, NOBODY } from "@/features/lab/members";
import { type Configuration, configurationOf } from "@/state/configuration";

export interface NodeMoment {
  id: string;
  up: boolean;
  paused: boolean;
  role: string;
  term: number;
  vote: string;
  leader: string;
  base: number;
  log: LogEntry[];
  durable: number;
  commit: number;
  applied: number;
  registers: Record<string, string>;
  // That it goes by; nothing where its log has not said so.
  members?: Configuration;
}

const fresh = (id: string): NodeMoment => ({
  id,
  up: false,
  paused: false,
  role: "Follower",
  term: 0,
  vote: "",
  leader: "",
  base: 0,
  log: [],
  durable: 0,
  commit: 0,
  applied: 0,
  registers: {},
});

const last = (node: NodeMoment): number => node.log.at(-1)?.[0] ?? node.base;

function take(node: NodeMoment, event: TraceEvent): void {
  switch (event.e) {
    case "recovered":
      Object.assign(node, fresh(node.id), {
        up: true,
        term: event.term,
        vote: event.voted_for,
        base: event.base![0],
        log: event.entries,
        members: node.members === NOBODY ? NOBODY : undefined,
      });
      node.durable = last(node);
      break;
    case "process":
      if (event.what === "paused" || event.what === "resumed") node.paused = event.what === "paused";
      else if (event.what === "lost_directory") node.members = NOBODY;
      else if (!["started", "rejoined", "gave_up"].includes(event.what!)) node.up = false;
      break;
    case "members":
      node.members = configurationOf(event);
      break;
    case "role":
      if (event.term !== node.term) node.vote = "";
      node.role = event.role!;
      node.term = event.term!;
      break;
    case "leader":
      if (event.term !== node.term) node.vote = "";
      node.leader = event.leader!;
      node.term = event.term!;
      break;
    case "vote":
      node.vote = event.for!;
      node.term = event.term!;
      break;
    case "log":
      node.log = [...node.log, ...(event.entries as LogEntry[])];
      break;
    case "cut":
      node.log = node.log.filter(([index]) => index < (event.from as number));
      node.durable = Math.min(node.durable, last(node));
      break;
    case "base":
      node.base = event.index!;
      node.log = node.log.filter(([index]) => index > event.index!);
      break;
    case "durable":
      node.durable = event.index!;
      break;
    case "commit":
      node.commit = event.index!;
      break;
    case "apply":
      node.applied = event.index!;
      if (event.key !== undefined) {
        const { [event.key]: _, ...others } = node.registers;
        node.registers = event.value == null ? others : { ...others, [event.key]: event.value };
      }
      break;
    case "loaded":
      node.applied = event.index!;
      node.registers = event.state!;
      break;
  }
}

// Events between two moments that are kept: so many are gone through for a frame.
const STEP = 64;

// Answers for any moment of one trace without going through all of it each time.
export class Moments {
  private readonly kept: NodeMoment[][] = [];
  private readonly place: Map<string, number>;

  constructor(private readonly trace: Trace) {
    this.place = new Map(trace.nodes.map((id, index) => [id, index]));
    const nodes = trace.nodes.map((id, place) => ({ ...fresh(id), ...(isSpare(trace, place) && { members: NOBODY }) }));
    trace.events.forEach((event, index) => {
      if (index % STEP === 0) this.kept.push(nodes.map((node) => ({ ...node })));
      this.take(nodes, event);
    });
  }

  // How many events have happened up to and including `t`.
  count(t: number): number {
    let low = 0;
    let high = this.trace.events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.trace.events[middle]!.t <= t) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  at(t: number): NodeMoment[] {
    const count = this.count(t);
    const from = Math.min(Math.floor(count / STEP), this.kept.length - 1);
    if (from < 0) return this.trace.nodes.map(fresh);
    const nodes = this.kept[from]!.map((node) => ({ ...node }));
    for (let i = from * STEP; i < count; i++) this.take(nodes, this.trace.events[i]!);
    return nodes;
  }

  private take(nodes: NodeMoment[], event: TraceEvent): void {
    const node = event.node === undefined ? undefined : this.place.get(event.node);
    if (node !== undefined) take(nodes[node]!, event);
  }
}
