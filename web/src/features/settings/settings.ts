// The timings of the cluster as they are being edited.
import type { Timings } from "@/api/config";
import { problemOf } from "@/components/number";

export const ELECTION_TIMEOUT_MS = { min: 50, max: 2_000 };
export const HEARTBEAT_MS = { min: 10, max: 500 };
export const DEFAULT_TIMINGS: Timings = { election_timeout_ms: 150, heartbeat_ms: 50 };

export interface TimingsDraft {
  election_timeout: string;
  heartbeat: string;
}

// The timings, or why they cannot be applied.
export function timingsOf({ election_timeout, heartbeat }: TimingsDraft): Timings | string {
  if (problemOf(election_timeout, ELECTION_TIMEOUT_MS)) return "Check the election timeout";
  if (problemOf(heartbeat, HEARTBEAT_MS)) return "Check the heartbeat";
  const timings = { election_timeout_ms: Number(election_timeout), heartbeat_ms: Number(heartbeat) };
  return timings.heartbeat_ms < timings.election_timeout_ms
    ? timings
    : "The heartbeat must be below the election timeout";
}

// Allowed, but perhaps not wise.
export function hintOf({ election_timeout_ms, heartbeat_ms }: Timings): string | undefined {
  return heartbeat_ms > election_timeout_ms / 5
    ? "More than a fifth of the election timeout: a few lost heartbeats are enough for an election."
    : undefined;
}
