import type { FormEvent } from "react";
import type { KeyEntry } from "@/api/keys";
import { Button } from "@/components/Button";
import { TextField } from "@/components/TextField";
import { ConflictBox } from "@/features/kv/ConflictBox";
import { EscapesChoice } from "@/features/kv/EscapesChoice";
import type { RowActions } from "@/features/kv/KeyRow";
import { useEscapes } from "@/features/kv/useEscapes";
import { useWrite } from "@/features/kv/useWrite";

interface ValueFormProps {
  // What the new value is to replace, and nothing else.
  base: KeyEntry;
  // What happened to the key meanwhile, "" where nothing did.
  newer: string;
  actions: RowActions;
}

export function ValueForm({ base, newer, actions }: ValueFormProps) {
  const writing = useWrite(actions.note);
  const { texts, plain, setText, choice } = useEscapes({ value: base.value });
  const value = plain("value");

  const save = async (expected: number) => {
    if (value === undefined) return;
    if (await writing.send({ op: "put", key: base.key, value, expected })) actions.edit(undefined);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void save(base.version);
  };
  const reload = () => {
    if (writing.conflict) actions.note({ op: "put", ...writing.conflict });
    actions.edit(writing.conflict ?? undefined);
  };

  return (
    <form onSubmit={submit} className="space-y-2">
      <TextField
        label={`Value, instead of version ${base.version}`}
        text={texts.value}
        onChange={(text) => setText("value", text)}
        multiline
        rows={Math.min(8, Math.max(2, texts.value.split("\n", 8).length))}
        autoFocus
      />
      <EscapesChoice {...choice} />
      {value === undefined && <p className="text-xs text-down">A backslash begins no escape: write \\ for one</p>}
      {newer && !writing.busy && writing.conflict === undefined && <p className="text-xs text-candidate">{newer}</p>}
      {writing.problem && (
        <p role="alert" className="text-down">
          {writing.problem}
        </p>
      )}
      {writing.conflict !== undefined ? (
        <ConflictBox now={writing.conflict} onOverwrite={(version) => void save(version)} onReload={reload} />
      ) : (
        <div className="flex flex-wrap gap-2">
          <Button type="submit" look="primary" busy={writing.busy} disabled={value === undefined}>
            Save
          </Button>
          <Button disabled={writing.busy} onClick={() => actions.edit(undefined)}>
            Cancel
          </Button>
        </div>
      )}
    </form>
  );
}
