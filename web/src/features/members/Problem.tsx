import { Button } from "@/components/Button";
import type { Change } from "@/features/members/useChange";

export function Problem({ change: { busy, problem, insist } }: { change: Change }) {
  if (!problem) return null;
  return (
    <div role="alert" className="space-y-1 text-down">
      <p className="text-xs break-words">{problem}</p>
      {insist && (
        <Button look="danger" busy={busy} onClick={insist}>
          Do it all the same
        </Button>
      )}
    </div>
  );
}
