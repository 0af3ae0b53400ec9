import { useState, type FormEvent } from "react";
import type { Newcomer } from "@/api/members";
import { Button } from "@/components/Button";
import { TextField } from "@/components/TextField";
import { Problem } from "@/features/members/Problem";
import type { Change } from "@/features/members/useChange";

interface NewcomerFormProps {
  title: string;
  // What the button says.
  action: string;
  // As it is at first.
  id?: string;
  // Whether it can be taken in as a read replica.
  replica?: boolean;
  // Why nothing can be changed, or undefined.
  refusal: string | undefined;
  change: Change;
  // Resolves to whether it was done.
  onSubmit(node: Newcomer): Promise<boolean>;
  onCancel?(): void;
}

const EMPTY = { id: "", grpc: "", http: "", learner: false };
// The server knows better; this saves the attempt.
const ADDRESS = /^[^\s/]*:\d{1,5}$/;

export function NewcomerForm(props: NewcomerFormProps) {
  const { title, action, id = "", replica = false, refusal, change, onSubmit, onCancel } = props;
  const [draft, setDraft] = useState({ ...EMPTY, id });
  const { learner, ...texts } = draft;
  const node = { id: texts.id.trim(), grpc: texts.grpc.trim(), http: texts.http.trim() };
  const ready = node.id !== "" && ADDRESS.test(node.grpc) && ADDRESS.test(node.http);
  const started = texts.grpc !== "" || texts.http !== "";
  const set = (name: keyof typeof texts) => (text: string) => setDraft({ ...draft, [name]: text });

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (ready && (await onSubmit({ ...node, ...(learner && { learner }) }))) setDraft({ ...EMPTY, id });
  };

  return (
    <form
      onSubmit={(event) => void submit(event)}
      aria-label={title}
      className="space-y-2 rounded-md border border-line bg-raised p-2.5"
    >
      <h3 className="text-xs font-semibold text-muted">{title}</h3>
      <div className="grid grid-cols-3 gap-2">
        <TextField label="Id" text={texts.id} onChange={set("id")} />
        <TextField label="gRPC" hint="host:port" text={texts.grpc} onChange={set("grpc")} />
        <TextField label="HTTP" hint="host:port" text={texts.http} onChange={set("http")} />
      </div>
      {replica && (
        <label className="flex items-center gap-2">
          <input type="checkbox" checked={learner} onChange={() => setDraft({ ...draft, learner: !learner })} />
          It stays a learner: a read replica
        </label>
      )}
      <div className="flex flex-wrap items-center gap-2">
        <Button
          type="submit"
          look="primary"
          busy={change.busy}
          disabled={!ready || refusal !== undefined}
          title={refusal}
        >
          {action}
        </Button>
        {onCancel && <Button onClick={onCancel}>Cancel</Button>}
        {started && !ready && <p className="text-xs text-down">It takes an id and two addresses, host:port</p>}
      </div>
      <Problem change={change} />
      <p className="text-xs break-all text-muted">
        <code>
          raftly-server -id {node.id || "ID"} -grpc-addr {node.grpc || ":7004"} -http-addr {node.http || ":8004"} -join{" "}
          {location.origin}
        </code>
      </p>
    </form>
  );
}
