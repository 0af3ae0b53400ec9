import { milliseconds, spread, writeKeys } from "@/scenarios/writes";
import type { Scenario } from "@/scenarios/scenario";

const KEYS = 5;

export const happyPath: Scenario = {
  id: "happy-path",
  title: "Happy path",
  summary: "Five writes, one after the other, while all is well",
  min_nodes: 1,
  destructive: false,
  steps: ["See that the cluster is healthy", `Write ${KEYS} keys back to back`, "See every node commit them"],
  explainer: {
    text:
      "The leader appends each command to its log and sends it to the followers. Once a majority holds the entry it is committed: " +
      "it will be in the log of every future leader, so the client can be told. The followers learn of the commit with the next message.",
    section: "§5.3 Log replication",
  },
  async run(lab) {
    const leader = await lab.step(() => lab.untilHealthy());
    const before = lab.cluster();
    const writes = await lab.step(async (note) => {
      const times = await writeKeys(lab, "happy-path", KEYS);
      note(spread(times));
      return times;
    });
    await lab.step(() =>
      lab.until(`commit index ${leader.commit_index + KEYS} on every node`, ({ picture: { cluster } }) =>
        cluster?.nodes.every((node) => node.commit_index >= leader.commit_index + KEYS),
      ),
    );
    const after = lab.cluster();
    const calm = after.leader_id === before.leader_id && after.term === before.term;
    const total = milliseconds(writes.reduce((sum, time) => sum + time, 0));
    return {
      passed: calm,
      sentence:
        `All ${KEYS} writes were committed in ${total}, and every node has them. ` +
        (calm ? `${leader.id} led throughout.` : "But the leader or the term changed meanwhile."),
      facts: [{ label: "Each write took", value: spread(writes) }],
    };
  },
};
