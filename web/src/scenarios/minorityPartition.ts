import { spread, writeKeys } from "@/scenarios/writes";
import type { Scenario } from "@/scenarios/scenario";

const KEYS = 3;

export const minorityPartition: Scenario = {
  id: "minority-partition",
  title: "Minority partition",
  summary: "A follower is cut off; the majority goes on without it",
  min_nodes: 3,
  destructive: true,
  steps: [
    "See that the cluster is healthy",
    "Cut a follower off from every other node",
    `Write ${KEYS} keys with the majority`,
    "See the isolated node miss its leader",
    "Heal when the auto-heal delay is over",
    "See it catch up under the same leader",
  ],
  explainer: {
    text:
      "A majority is enough to commit, so one lost follower stops nothing. The isolated node would stand for election over and " +
      "over; with pre-vote it first asks whether it could win, gets no majority, and so never raises its term: when it comes back " +
      "it disturbs nobody, and the leader sends it what it missed.",
    section: "§5.4.1 Election restriction; pre-vote: Ongaro’s dissertation, §9.6",
  },
  async run(lab) {
    const leader = await lab.step(() => lab.untilHealthy());
    const isolated = lab.chooseFollower();
    await lab.step(async (note) => {
      await lab.inject({ kind: "isolate", node: isolated });
      note(isolated);
    });
    await lab.step(async (note) => note(spread(await writeKeys(lab, "minority-partition", KEYS))));
    const alone = await lab.step(async (note) => {
      const node = await lab.until(`${isolated} without a leader`, () => {
        const now = lab.node(isolated);
        return (now.state !== "Follower" || now.leader_id === "") && now;
      });
      note(`${node.state}, term ${node.term}, commit index ${node.commit_index}`);
      return node;
    });
    const missed = lab.node(leader.id).commit_index - alone.commit_index;
    await lab.step(() => lab.healOnTime());
    const final = await lab.step(() => lab.untilAgreed());
    const passed = final.id === leader.id && final.term === leader.term && !lab.record.wasLeader(isolated);
    return {
      passed,
      sentence: passed
        ? `The majority committed all ${KEYS} writes while ${isolated} was cut off, ${missed} entries behind. It never won an election, and after healing it caught up under ${leader.id} without a change of term.`
        : `All ${KEYS} writes were committed, but the cluster ended under ${final.id} in term ${final.term}, not under ${leader.id} in term ${leader.term}.`,
      facts: [{ label: `${isolated} missed`, value: `${missed} entries` }],
    };
  },
};
