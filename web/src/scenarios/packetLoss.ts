import { spread, writeKeys } from "@/scenarios/writes";
import type { Scenario } from "@/scenarios/scenario";

const KEYS = 5;
const LOSS_RATE = 0.4;

export const packetLoss: Scenario = {
  id: "packet-loss",
  title: "Packet loss",
  summary: "A follower loses 40% of its messages; nobody notices",
  min_nodes: 3,
  destructive: true,
  steps: [
    "See that the cluster is healthy",
    "Lose 40% of a follower’s messages",
    `Write ${KEYS} keys`,
    "Heal when the auto-heal delay is over",
    "See the follower catch up",
  ],
  explainer: {
    text:
      "Raft needs no reliable network: the leader repeats an append until it is answered, and a follower that already has the " +
      "entries just says so. Heartbeats come several times per election timeout, so losing some of them is not yet silence, and " +
      "the other nodes form the majority that commits.",
    section: "§5.3 Log replication; §5.5 on retrying",
  },
  async run(lab) {
    const leader = await lab.step(() => lab.untilHealthy());
    const lossy = lab.chooseFollower();
    await lab.step(async (note) => {
      await lab.inject({ kind: "loss", node: lossy, loss_rate: LOSS_RATE });
      note(lossy);
    });
    const writes = await lab.step(async (note) => {
      const times = await writeKeys(lab, "packet-loss", KEYS);
      note(spread(times));
      return times;
    });
    await lab.step(() => lab.healOnTime());
    const lost = lab.record.lossesOf(lossy);
    const final = await lab.step(() => lab.untilAgreed());
    const passed = final.id === leader.id && final.term === leader.term && lab.record.leaders.length === 1;
    return {
      passed,
      sentence: passed
        ? `All ${KEYS} writes were committed while ${lossy} lost messages, and no election was held: ${leader.id} led term ${leader.term} throughout.`
        : `All ${KEYS} writes were committed, but there was an election: ${final.id} leads in term ${final.term} now.`,
      facts: [
        { label: "Messages lost", value: `${lost} reported` },
        { label: "Each write took", value: spread(writes) },
      ],
    };
  },
};
