import type { Frame } from "@/api/types";
import type { StreamStatus } from "@/api/eventStream";
import type { Preferences } from "@/state/preferences";
import type { RunAction } from "@/state/run";
import type { LocalKind } from "@/state/timeline";

// Everything that can happen to the page. Times are in ms since the epoch and come with the action, so that the
// reducers stay pure.
export type Action =
  | { type: "frame"; frame: Frame; at: number }
  | { type: "stream"; status: StreamStatus; at: number }
  | { type: "served_by"; node: string }
  | { type: "note"; kind: LocalKind; at: number; title: string; detail?: string }
  | { type: "timeline_cleared" }
  | { type: "preferences"; change: Partial<Preferences> }
  | RunAction;
