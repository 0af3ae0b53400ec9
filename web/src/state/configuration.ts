// Who is in the cluster, as an entry of the log says it.
export interface Configuration {
  voters: string[];
  // While they change: those of before, who have to agree as well.
  outgoing: string[];
  learners: string[];
}

export const configurationOf = ({
  voters = [],
  outgoing = [],
  learners = [],
}: Partial<Configuration>): Configuration => ({ voters, outgoing, learners });

export const wordsOf = ({ voters, outgoing, learners }: Configuration): string =>
  [
    voters.join(", ") || "nobody",
    outgoing.length > 0 && `together with ${outgoing.join(", ")}`,
    learners.length > 0 && `learning: ${learners.join(", ")}`,
  ]
    .filter(Boolean)
    .join("; ");
