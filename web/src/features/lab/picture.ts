// A trace, arranged for drawing: what spans some time, and on whose line it stands.
import type { Trace, TraceEvent } from "@/api/lab";
import { isSpare, NOBODY, seatOf, wishOf } from "@/features/lab/members";
import { configurationOf } from "@/state/configuration";
import { spansOf, type Span } from "@/features/lab/spans";

export interface Message {
  number: number;
  from: number;
  to: number;
  sent: number;
  // When it arrived or was lost; the end of the trace where it did neither.
  until: number;
  lost?: string;
  kind: string;
  event: number;
}

export interface Stretch {
  begin: number;
  end: number;
  // "Leader", "Follower", ...; "down" and "paused" besides.
  role: string;
  term: number;
  // Of who has no vote, as it knows itself: "learner", "leaving", "no member" (members.ts).
  seat?: string | undefined;
}

export interface Call {
  op: number;
  node: number;
  begin: number;
  end: number;
  outcome: string;
  label: string;
  event: number;
  answer?: number;
}

export interface Mark {
  t: number;
  node: number;
  what: string;
  event: number;
}

export interface Picture {
  nodes: string[];
  // Of the experiment; what follows is the closing.
  duration: number;
  end: number;
  messages: Message[];
  stretches: Stretch[][];
  calls: Call[];
  marks: Mark[];
  spans: Span[];
  acts: { t: number; label: string; event: number }[];
}

function actLabel(event: TraceEvent): string {
  const wish = wishOf(event);
  return [event.do, ...(event.nodes ?? []), wish && `(${wish})`, event.why && `(${event.why})`]
    .filter(Boolean)
    .join(" ");
}

const CLIENTS = new Set(["put", "get", "add", "append", "delete"]);

export function pictureOf(trace: Trace): Picture {
  const place = new Map(trace.nodes.map((id, index) => [id, index]));
  const at = (id: unknown): number => place.get(String(id)) ?? -1;
  const end = Math.max(trace.events.at(-1)?.t ?? 0, trace.experiment.duration_ms);
  const messages = new Map<number, Message>();
  const calls = new Map<number, Call>();
  const stretches: Stretch[][] = trace.nodes.map(() => []);
  const marks: Mark[] = [];
  const acts: Picture["acts"] = [];
  const empty = seatOf("", NOBODY);
  const open: Stretch[] = trace.nodes.map((_, place) => ({
    begin: 0,
    end,
    role: "down",
    term: 0,
    ...(isSpare(trace, place) && { seat: empty }),
  }));

  const change = (node: number, t: number, to: Partial<Stretch>) => {
    const before = open[node]!;
    if (t > before.begin) stretches[node]!.push({ ...before, end: t });
    open[node] = { ...before, ...to, begin: t, end };
  };

  trace.events.forEach((event, index) => {
    const node = at(event.node);
    switch (event.e) {
      case "sent":
        messages.set(event.n!, {
          number: event.n!,
          from: at(event.from),
          to: at(event.to),
          sent: event.t,
          until: end,
          kind: event.kind ?? "",
          event: index,
        });
        break;
      case "arrived":
      case "lost": {
        const message = messages.get(event.n!);
        // A duplicate is drawn as far as its first arrival.
        if (message && message.until === end) message.until = event.t;
        if (message && event.e === "lost") message.lost = event.why ?? "lost";
        break;
      }
      case "recovered":
        change(node, event.t, {
          role: "Follower",
          term: event.term ?? 0,
          seat: open[node]!.seat === empty ? empty : undefined,
        });
        break;
      case "members": {
        const seat = seatOf(trace.nodes[node]!, configurationOf(event));
        if (seat !== open[node]!.seat) change(node, event.t, { seat });
        marks.push({ t: event.t, node, what: "members", event: index });
        break;
      }
      case "change":
        if (event.outcome !== "ok") marks.push({ t: event.t, node, what: "no_change", event: index });
        break;
      case "role":
        change(node, event.t, { role: event.role!, term: event.term! });
        break;
      case "process":
        if (event.what === "paused") change(node, event.t, { role: "paused" });
        else if (event.what === "resumed") change(node, event.t, { role: "Follower" });
        else if (event.what === "lost_directory") change(node, event.t, { seat: empty });
        else if (!["started", "rejoined", "gave_up"].includes(event.what!)) change(node, event.t, { role: "down" });
        if (event.what !== "started" || event.t > 0) marks.push({ t: event.t, node, what: event.what!, event: index });
        break;
      case "disk":
        marks.push({ t: event.t, node, what: event.what!, event: index });
        break;
      case "cut":
        marks.push({ t: event.t, node, what: "cut", event: index });
        break;
      case "call":
        calls.set(event.op!, {
          op: event.op!,
          node,
          begin: event.t,
          end,
          outcome: "open",
          label: `${event.do} ${event.key}${event.value != null ? ` = ${event.value}` : ""}`,
          event: index,
        });
        break;
      case "answer": {
        const call = calls.get(event.op!);
        if (!call) break;
        call.end = event.t;
        call.outcome = event.outcome!;
        call.answer = index;
        if (event.value !== undefined) call.label += ` → ${event.value ?? "nothing"}`;
        break;
      }
      case "act":
        if (!CLIENTS.has(event.do!)) acts.push({ t: event.t, label: actLabel(event), event: index });
        break;
      case "again":
        marks.push({ t: event.t, node, what: "again", event: index });
        break;
      case "fault":
        acts.push({ t: event.t, label: event.what!, event: index });
        break;
      case "finding":
        marks.push({ t: event.t, node: -1, what: "finding", event: index });
        break;
    }
  });
  open.forEach((stretch, node) => stretches[node]!.push(stretch));
  return {
    nodes: trace.nodes,
    duration: trace.experiment.duration_ms,
    end,
    messages: [...messages.values()],
    stretches,
    calls: [...calls.values()],
    marks,
    spans: spansOf(trace, at, end),
    acts,
  };
}

// Those that are under way at some moment.
export const inFlight = (picture: Picture, t: number): Message[] =>
  picture.messages.filter((message) => message.sent <= t && t < message.until);

// The time of the first event in which two traces differ; nothing where one goes on as the other does. Acts are left
// out: an act more changes the numbers of those behind it.
export function firstDifference(a: Trace, b: Trace): number | undefined {
  const left = a.events.filter((event) => event.e !== "act");
  const right = b.events.filter((event) => event.e !== "act");
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const one = left[i];
    const other = right[i];
    if (one === undefined || other === undefined || JSON.stringify(one) !== JSON.stringify(other)) {
      return Math.min(one?.t ?? Infinity, other?.t ?? Infinity);
    }
  }
  return undefined;
}
