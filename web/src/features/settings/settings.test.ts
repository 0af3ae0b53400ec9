import { expect, it } from "vitest";
import { hintOf, timingsOf } from "@/features/settings/settings";

const timings = (election_timeout: string, heartbeat: string) => timingsOf({ election_timeout, heartbeat });

it("takes timings in range, with the heartbeat below the timeout", () => {
  expect(timings("150", "50")).toEqual({ election_timeout_ms: 150, heartbeat_ms: 50 });
  expect(timings("2000", "500")).toEqual({ election_timeout_ms: 2000, heartbeat_ms: 500 });
});

it.each([
  ["100", "100", "The heartbeat must be below the election timeout"],
  ["49", "10", "Check the election timeout"],
  ["2001", "10", "Check the election timeout"],
  ["150", "9", "Check the heartbeat"],
  ["1000", "501", "Check the heartbeat"],
])("refuses %s and %s", (timeout, heartbeat, why) => {
  expect(timings(timeout, heartbeat)).toBe(why);
});

it("hints at a heartbeat above a fifth of the timeout", () => {
  expect(hintOf({ election_timeout_ms: 250, heartbeat_ms: 50 })).toBeUndefined();
  expect(hintOf({ election_timeout_ms: 249, heartbeat_ms: 50 })).toContain("fifth");
});
