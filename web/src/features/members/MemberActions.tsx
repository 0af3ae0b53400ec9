import { useState } from "react";
import { handOver, promoteMember, removeMember } from "@/api/members";
import type { Member } from "@/api/types";
import { Button } from "@/components/Button";
import type { Change } from "@/features/members/useChange";

interface MemberActionsProps {
  member: Member;
  leads: boolean;
  refusal: string | undefined;
  change: Change;
  onReplace(): void;
}

export function MemberActions({ member, leads, refusal, change, onReplace }: MemberActionsProps) {
  // Whether it is to go, if that is confirmed.
  const [doomed, setDoomed] = useState(false);
  const { id, role, becomes_voter } = member;
  const common = { disabled: refusal !== undefined || change.busy, title: refusal, small: true };
  const remove = () => {
    setDoomed(false);
    void change.run((force) => removeMember(id, force));
  };
  return (
    <div className="flex flex-wrap items-center gap-1.5">
      {role === "voter" && !leads && (
        <Button {...common} onClick={() => void change.run(() => handOver(id))}>
          Make leader
        </Button>
      )}
      {role === "learner" && becomes_voter === false && (
        <Button {...common} onClick={() => void change.run(() => promoteMember(id))}>
          Promote
        </Button>
      )}
      <Button {...common} onClick={onReplace}>
        Replace…
      </Button>
      {/* One button, so that the focus stays, and a second click on it does no harm. */}
      <Button {...common} look={doomed ? "plain" : "danger"} onClick={() => setDoomed(!doomed)}>
        {doomed ? "Keep it" : "Remove…"}
      </Button>
      {doomed && (
        <Button {...common} look="danger" onClick={remove}>
          Remove {id}
        </Button>
      )}
    </div>
  );
}
