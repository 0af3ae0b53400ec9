import { milliseconds } from "@/scenarios/writes";
import type { Lab, Scenario } from "@/scenarios/scenario";

export const leaderCrash: Scenario = {
  id: "leader-crash",
  title: "Leader crash",
  summary: "The leader falls silent; the others elect a new one",
  min_nodes: 3,
  destructive: true,
  steps: [
    "See that the cluster is healthy",
    "Cut the leader off from every other node",
    "See the others elect a new leader",
    "Commit an entry under the new leader",
    "Heal when the auto-heal delay is over",
    "See the old leader step down and catch up",
  ],
  explainer: {
    text:
      "Followers that hear nothing for a random time between one and two election timeouts stand for election; the randomness " +
      "keeps them from splitting the vote. A majority elects a new leader in a higher term, at the usual timeout of 150 ms within about 300 ms. " +
      "The old one cannot commit anything without a majority, and steps down when it meets the higher term.",
    section: "§5.2 Leader election",
  },
  async run(lab) {
    const old = await lab.step(() => lab.untilHealthy());
    await lab.step(async (note) => {
      await lab.inject({ kind: "isolate", node: old.id });
      note(old.id);
    });
    const { successor, replaced_ms } = await lab.step(async (note) => {
      const elected = await lab.until("a new leader", ({ picture: { cluster } }) =>
        cluster?.leader_id === old.id ? undefined : cluster?.leader_id,
      );
      const took = lab.record.leaderlessMs();
      note(`${elected} after ${milliseconds(took)}`);
      return { successor: elected, replaced_ms: took };
    });
    const committed = await lab.step((note) => commitUnder(lab, successor, old.id, note));
    await lab.step(() => lab.healOnTime());
    const final = await lab.step(() => lab.untilAgreed());
    const passed = final.id !== old.id && final.term > old.term;
    return {
      passed,
      sentence: passed
        ? `${successor} replaced ${old.id} ${milliseconds(replaced_ms)} after the cut; ${committed} After healing, ${old.id} followed ${final.id} in term ${final.term}.`
        : `In the end ${final.id} leads in term ${final.term}: not a successor in a higher term.`,
    };
  },
};

// A request to this page's node cannot reach the new leader where that node is the one cut off: its peers are all it
// knows the leader by. Then the new leader's own first entry, the empty one of its term, has to do.
async function commitUnder(lab: Lab, leader: string, cut_off: string, note: (text: string) => void): Promise<string> {
  if (lab.state().connection.served_by !== cut_off) {
    const { elapsed_ms, node } = await lab.put("lab/leader-crash", new Date().toISOString());
    note(`by ${node} in ${milliseconds(elapsed_ms)}`);
    return "a write under the new leader was committed.";
  }
  const { commit_index } = await lab.until(`a commit by ${leader}`, () => {
    const node = lab.node(leader);
    return node.commit_index > lab.record.first_commit && node;
  });
  note(`the first entry of its term, index ${commit_index}`);
  return `the first entry of its term was committed at index ${commit_index} (this page's own node was the one cut off, so it could not write).`;
}
