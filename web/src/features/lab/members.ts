// The members as a node knows them, and what an act wants of them.
import type { Act, Trace } from "@/api/lab";
import type { Configuration } from "@/state/configuration";

type Wish = { [Field in "learn" | "promote" | "vote" | "leave" | "replace"]?: Act[Field] | undefined };

// What a node knows whose directory is empty, until its log says more.
export const NOBODY: Configuration = { voters: [], outgoing: [], learners: [] };

// Spares begin so, and who lost its directory does again.
export const isSpare = ({ experiment }: Trace, place: number): boolean =>
  experiment.swarm === undefined && place >= experiment.nodes + (experiment.outsiders ?? 0);

// What a node is by the members that it goes by; nothing where it votes.
export function seatOf(id: string, { voters, outgoing, learners }: Configuration): string | undefined {
  if (voters.length === 0) return "knows no members";
  if (voters.includes(id)) return undefined;
  if (outgoing.includes(id)) return "leaving";
  return learners.includes(id) ? "learner" : "no member";
}

// "n4 to learn, n1 to leave"; empty: it is about nobody's membership.
export const wishOf = ({ learn, promote, vote, leave, replace }: Wish): string =>
  [
    learn && `${learn.join(", ")} to learn`,
    promote && "learners to vote",
    vote && `${vote.join(", ")} to vote`,
    leave && `${leave.join(", ")} to leave`,
    replace && `${replace} to be replaced`,
  ]
    .filter(Boolean)
    .join(", ");
