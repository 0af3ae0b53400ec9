import type { Explanation } from "@/components/Explainer";

export type SettingId = "election-timeout" | "heartbeat" | "auto-heal";

export const EXPLAINERS: Record<SettingId, Explanation> = {
  "election-timeout": {
    title: "Election timeout: how long silence is borne",
    text:
      "A follower that hears from no leader for a random time between one and two election timeouts stands for election. A " +
      "short timeout finds a dead leader fast; one too short for the network deposes leaders that are merely late.",
    section: "§5.2 Leader election; §9.3 Performance",
  },
  heartbeat: {
    title: "Heartbeat: how a leader stays one",
    text:
      "A leader with nothing to say still sends empty appends at this interval, so that no follower’s timeout runs out. It " +
      "should fit into the election timeout several times, so that a lost heartbeat or two change nothing.",
    section: "§5.2 Leader election; §5.6 Timing and availability",
  },
  "auto-heal": {
    title: "Auto-heal delay: how long a scenario’s fault lasts",
    text:
      "A scenario takes its fault away after this time, whatever has happened until then. It is a setting of this browser, kept " +
      "here and not in the cluster; faults from the Chaos tab stay until you heal them.",
  },
};
