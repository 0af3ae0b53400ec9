import type { Explanation } from "@/components/Explainer";

export const EXPLAINERS: Record<"members", Explanation> = {
  members: {
    title: "Membership: who votes is an entry of the log",
    text:
      "A newcomer is a learner until it has caught up: it is given the log, and counted for nothing. Then a joint configuration " +
      "takes a majority of the voters before and one of those after the change, so that there are never two majorities that do " +
      "not know of each other. Whoever is replaced stays until the other can stand in for it.",
    section: "§6 Cluster membership changes",
  },
};
