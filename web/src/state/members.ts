// Who belongs to the cluster, and in which role.
import type { Cluster, ClusterNode, MemberRole, Members } from "@/api/types";

// Where nobody has told the members yet, or a server is too old for it, all nodes vote.
export function roleOf(members: Members | null, id: string): MemberRole {
  return members?.members.find((member) => member.id === id)?.role ?? "voter";
}

// Those whose majority decides. While a change is under way, who leaves is one of them.
export function votersOf(cluster: Cluster, members: Members | null): ClusterNode[] {
  return cluster.nodes.filter(({ id }) => roleOf(members, id) !== "learner");
}

const BECAME: Record<MemberRole, string> = {
  voter: "is a voter",
  learner: "is a learner",
  leaving: "is leaving",
};

export interface MemberChange {
  title: string;
  detail?: string;
}

// What happened between two reports; nothing before the first.
export function changesBetween(before: Members | null, after: Members): MemberChange[] {
  if (!before) return [];
  const came = after.members.flatMap((member): MemberChange[] => {
    const known = before.members.find(({ id }) => id === member.id);
    if (known?.role === member.role && known.incarnation && known.incarnation !== member.incarnation) {
      return [{ title: `${member.id} has another directory` }];
    }
    if (known?.role === member.role) return [];
    const detail = member.replaces ? `in the place of ${member.replaces}` : member.grpc;
    return [{ title: `${member.id} ${BECAME[member.role]}`, ...(!known && detail && { detail }) }];
  });
  const left = before.members.filter(({ id }) => after.members.every((member) => member.id !== id));
  return [...came, ...left.map(({ id }) => ({ title: `${id} is no member any more` }))];
}
