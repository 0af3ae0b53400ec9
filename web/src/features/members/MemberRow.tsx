import { useState } from "react";
import { replaceMember } from "@/api/members";
import type { Member } from "@/api/types";
import { classes } from "@/components/classes";
import { LOOK_COLOR, StateGlyph } from "@/components/StateGlyph";
import { MemberActions } from "@/features/members/MemberActions";
import { NewcomerForm } from "@/features/members/NewcomerForm";
import { Problem } from "@/features/members/Problem";
import { Standing } from "@/features/members/Standing";
import { useChange } from "@/features/members/useChange";
import type { NodeLook } from "@/state/nodes";

interface MemberRowProps {
  member: Member;
  look: NodeLook;
  leads: boolean;
  // Of the leader's log.
  last_index: number;
  // Why nothing can be changed, or undefined.
  refusal: string | undefined;
}

export function MemberRow({ member, look, leads, last_index, refusal }: MemberRowProps) {
  const change = useChange();
  const [replacing, setReplacing] = useState(false);
  const { id, role, grpc, http, version, error } = member;
  return (
    <li
      data-member={id}
      data-role={role}
      className={classes(
        "space-y-1 rounded-md border px-2 py-1.5",
        role === "voter" ? "border-line" : "border-dashed border-muted",
        role === "leaving" && "opacity-75",
      )}
    >
      <div className={classes("flex items-center gap-1.5", LOOK_COLOR[look])}>
        <StateGlyph look={look} />
        <span className="min-w-0 truncate font-semibold text-ink" title={id}>
          {id}
        </span>
        <span className="shrink-0 text-xs">{leads ? `leader, ${role}` : role}</span>
        <span className="ml-auto shrink-0 text-2xs text-muted" title="Version of its program">
          {version && `v${version}`}
        </span>
      </div>
      <p className="font-mono text-xs break-all text-muted">
        <span title="gRPC, for peers">{grpc || "—"}</span> · <span title="HTTP, for clients">{http || "—"}</span>
      </p>
      <Standing member={member} last_index={last_index} />
      {role === "learner" && <p className="text-xs text-delayed">{plansOf(member)}</p>}
      {error && <p className="text-xs break-words text-down">{error}</p>}
      {replacing ? (
        <NewcomerForm
          title={`In the place of ${id}`}
          action="Replace"
          id={id}
          refusal={refusal}
          change={change}
          onSubmit={async (node) => {
            const done = await change.run((force) => replaceMember(id, node, force));
            if (done) setReplacing(false);
            return done;
          }}
          onCancel={() => setReplacing(false)}
        />
      ) : (
        role !== "leaving" && (
          <>
            <MemberActions
              member={member}
              leads={leads}
              refusal={refusal}
              change={change}
              onReplace={() => setReplacing(true)}
            />
            <Problem change={change} />
          </>
        )
      )}
    </li>
  );
}

// What becomes of a learner.
function plansOf({ caught_up, becomes_voter, replaces }: Member): string {
  if (becomes_voter === undefined) return "It does not vote";
  if (!becomes_voter) return "It stays a learner: a read replica";
  const place = replaces ? `, in the place of ${replaces}` : "";
  return caught_up ? `It is about to vote${place}` : `It is catching up, and votes then${place}`;
}
