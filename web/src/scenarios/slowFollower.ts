import { median, milliseconds, spread, writeKeys } from "@/scenarios/writes";
import type { Scenario } from "@/scenarios/scenario";

const KEYS = 5;
const DELAY_MS = 300;

export const slowFollower: Scenario = {
  id: "slow-follower",
  title: "Slow follower",
  summary: "A follower answers 300 ms late; the quorum is fast without it",
  min_nodes: 3,
  destructive: true,
  steps: [
    "See that the cluster is healthy",
    `Delay a follower’s messages by ${DELAY_MS} ms`,
    `Write ${KEYS} keys, and take the time`,
    "Heal when the auto-heal delay is over",
    "See the follower catch up",
  ],
  explainer: {
    text:
      "A write is committed as soon as a majority holds it, so its speed is that of the fastest majority, not of the slowest " +
      "node. The slow follower gets the same entries in the same order, only later; the leader does not wait for it.",
    section: "§5.3 Log replication; §2 on slow servers",
  },
  async run(lab) {
    const leader = await lab.step(() => lab.untilHealthy());
    const slow = lab.chooseFollower();
    await lab.step(async (note) => {
      await lab.inject({ kind: "delay", node: slow, delay_ms: DELAY_MS, jitter_ms: 0 });
      note(slow);
    });
    const writes = await lab.step(async (note) => {
      const times = await writeKeys(lab, "slow-follower", KEYS);
      note(spread(times));
      return times;
    });
    await lab.step(() => lab.healOnTime());
    const final = await lab.step(() => lab.untilAgreed());
    const fast = median(writes) < DELAY_MS;
    const calm = final.id === leader.id && final.term === leader.term;
    const middle = milliseconds(median(writes));
    return {
      passed: fast && calm,
      sentence:
        (fast
          ? `The writes did not wait for ${slow}: half of them took ${middle} or less, against a delay of ${DELAY_MS} ms.`
          : `Half of the writes took ${middle} or more: no faster than the slow node.`) +
        (calm
          ? ` ${leader.id} led term ${leader.term} throughout.`
          : ` But ${final.id} leads in term ${final.term} now.`),
      facts: [{ label: "Each write took", value: spread(writes) }],
    };
  },
};
