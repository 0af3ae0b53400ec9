import type { Explanation } from "@/components/Explainer";
import type { Fault } from "@/api/chaos";

export const EXPLAINERS: Record<Fault["kind"], Explanation> = {
  isolate: {
    title: "Isolate: one node hears nobody, and nobody hears it",
    text:
      "An isolated leader reaches no majority, so it commits nothing, and it steps down once a whole election timeout has " +
      "passed without a majority answering. Meanwhile the others elect a successor. An isolated follower stops nothing.",
    section: "§5.2 Leader election; stepping down: Ongaro’s dissertation, §6.2",
  },
  partition: {
    title: "Partition: two nodes cannot talk to each other",
    text:
      "Both still reach everyone else. If one of them is the leader, the other hears no heartbeats and asks for votes, but " +
      "nodes that have heard from a leader within the minimum election timeout refuse, so one broken link deposes nobody " +
      "whom a majority still hears.",
    section: "§6 Cluster membership changes, on disruptive servers",
  },
  delay: {
    title: "Delay: messages arrive late",
    text:
      "Safety never depends on timing: late messages cannot make Raft lose or reorder anything. Progress does: the time of a " +
      "broadcast has to be well below the election timeout, or leaders are deposed before they are heard.",
    section: "§5.6 Timing and availability",
  },
  loss: {
    title: "Loss: messages vanish at random",
    text:
      "Lost requests are simply sent again, and Raft’s requests are idempotent: one that arrives twice does no harm. A lossy " +
      "link costs time, and now and then an election, but no committed entry.",
    section: "§5.5 Follower and candidate crashes",
  },
};
