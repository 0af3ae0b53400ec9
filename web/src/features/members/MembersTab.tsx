import { useMemo } from "react";
import { addMember } from "@/api/members";
import type { MemberRole, Members } from "@/api/types";
import { classes } from "@/components/classes";
import { Explainer } from "@/components/Explainer";
import { EXPLAINERS } from "@/features/members/explainers";
import { MemberRow } from "@/features/members/MemberRow";
import { NewcomerForm } from "@/features/members/NewcomerForm";
import { useChange } from "@/features/members/useChange";
import { useSelect } from "@/state/hooks";
import { nodeViews } from "@/state/nodes";
import { useRefusal } from "@/state/session";

export function MembersTab() {
  const { cluster, chaos, members } = useSelect((state) => state.picture);
  const served_by = useSelect((state) => state.connection.served_by);
  const views = useMemo(() => nodeViews(cluster, chaos, members), [cluster, chaos, members]);
  const refusal = useRefusal("operate");
  const change = useChange();
  const list = members?.members ?? [];
  const leader = list.find(({ id }) => id === cluster?.leader_id);
  const outside = served_by !== "" && list.length > 0 && list.every(({ id }) => id !== served_by);
  return (
    <>
      <div className="space-y-3 p-3">
        {refusal && <p className="text-xs text-muted">{refusal}</p>}
        {outside && <p className="text-down">{served_by}, which serves this page, is no member any more.</p>}
        {list.length === 0 ? <p className="text-muted">Waiting for the first report.</p> : <Sum members={members!} />}
        <ul aria-label="Members" className="space-y-1.5">
          {list.map((member) => (
            <MemberRow
              key={member.id}
              member={member}
              look={views.find(({ node }) => node.id === member.id)?.look ?? "down"}
              leads={member === leader}
              last_index={leader?.match_index ?? 0}
              refusal={refusal}
            />
          ))}
        </ul>
        <NewcomerForm
          title="Add a node"
          action="Add"
          replica
          refusal={refusal}
          change={change}
          onSubmit={(node) => change.run((force) => addMember(node, force))}
        />
      </div>
      <Explainer {...EXPLAINERS.members} />
    </>
  );
}

// One line, whatever it says: a joint change may be over at once, and nothing is to jump.
function Sum({ members: { joint, members } }: { members: Members }) {
  const count = (role: MemberRole) => members.filter((member) => member.role === role).length;
  const learners = count("learner");
  const words = joint
    ? "◎ Joint change under way: both majorities decide"
    : `${count("voter")} of them vote${learners > 0 ? `, ${learners} learn` : ""}`;
  return (
    <p role="status" title={words} className={classes("truncate text-xs", joint ? "text-accent" : "text-muted")}>
      {words}
    </p>
  );
}
