// What has happened, newest first: the cluster's events from the stream, merged with what this page did itself.
import type { Frame } from "@/api/types";
import type { Action } from "@/state/actions";
import type { Connection } from "@/state/connection";
import { changesBetween } from "@/state/members";
import type { Picture } from "@/state/picture";

export type ClusterKind = "leader_change" | "term_change" | "node_down" | "node_up" | "member";
export type LocalKind = "chaos" | "scenario" | "kv" | "settings" | "stream";

export interface TimelineEvent {
  id: number;
  at: number;
  kind: ClusterKind | LocalKind;
  title: string;
  detail?: string;
}

export interface Timeline {
  events: TimelineEvent[];
  next_id: number;
}

export const emptyTimeline: Timeline = { events: [], next_id: 1 };
export const TIMELINE_LIMIT = 300;

const CLUSTER_KINDS: ReadonlySet<string> = new Set<ClusterKind>([
  "leader_change",
  "term_change",
  "node_down",
  "node_up",
  "member",
]);

export function isClusterKind(kind: TimelineEvent["kind"]): kind is ClusterKind {
  return CLUSTER_KINDS.has(kind);
}

export function reduceTimeline(
  timeline: Timeline,
  action: Action,
  before: { connection: Connection; picture: Picture },
): Timeline {
  switch (action.type) {
    case "frame": {
      if (action.frame.type === "members") {
        const at = action.frame.timestamp;
        return changesBetween(before.picture.members, action.frame.data).reduce(
          (list, change) => added(list, { kind: "member", at, ...change }),
          timeline,
        );
      }
      const text = describe(action.frame);
      return text ? added(timeline, { ...text, at: action.frame.timestamp }) : timeline;
    }
    case "note":
      return added(timeline, {
        kind: action.kind,
        at: action.at,
        title: action.title,
        ...(action.detail !== undefined && { detail: action.detail }),
      });
    case "stream":
      return connectionChanged(timeline, action, before.connection);
    case "timeline_cleared":
      return { ...timeline, events: [] };
    default:
      return timeline;
  }
}

function added(timeline: Timeline, event: Omit<TimelineEvent, "id">): Timeline {
  const events = [{ id: timeline.next_id, ...event }, ...timeline.events].slice(0, TIMELINE_LIMIT);
  return { events, next_id: timeline.next_id + 1 };
}

function describe(frame: Frame): Pick<TimelineEvent, "kind" | "title" | "detail"> | undefined {
  switch (frame.type) {
    case "leader_change":
      return {
        kind: frame.type,
        title: `${frame.data.to} leads`,
        detail: frame.data.from ? `after ${frame.data.from}` : "the first leader seen",
      };
    case "term_change":
      return { kind: frame.type, title: `Term ${frame.data.to}`, detail: `was ${frame.data.from}` };
    case "node_down":
      return { kind: frame.type, title: `${frame.data.id} is down` };
    case "node_up":
      return { kind: frame.type, title: `${frame.data.id} is up` };
    default:
      return undefined;
  }
}

// A gap in the stream is a gap in what follows: it has to be seen.
function connectionChanged(
  timeline: Timeline,
  { status, at }: { status: Connection["status"]; at: number },
  before: Connection,
): Timeline {
  if (status === before.status) return timeline;
  if (status === "reconnecting") return added(timeline, { kind: "stream", at, title: "Event stream lost" });
  if (status !== "open" || before.status !== "reconnecting") return timeline;
  const gap = ((at - before.since) / 1000).toFixed(1);
  return added(timeline, { kind: "stream", at, title: "Event stream is back", detail: `${gap} s were not watched` });
}
