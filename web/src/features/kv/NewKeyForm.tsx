import type { FormEvent } from "react";
import type { Change } from "@/api/watch";
import { Button } from "@/components/Button";
import { TextField } from "@/components/TextField";
import { ConflictBox } from "@/features/kv/ConflictBox";
import { EscapesChoice } from "@/features/kv/EscapesChoice";
import { KEY_LIMIT, keyProblemOf, keySize } from "@/features/kv/key";
import { useEscapes } from "@/features/kv/useEscapes";
import { useWrite } from "@/features/kv/useWrite";

interface NewKeyFormProps {
  // What the key begins with.
  prefix: string;
  note(change: Change): void;
  // With the key that is there now, or undefined.
  onClose(key?: string): void;
}

// Creates a key, and only that: one that is there is left alone.
export function NewKeyForm({ prefix, note, onClose }: NewKeyFormProps) {
  const writing = useWrite(note);
  const { texts, plain, setText, choice } = useEscapes({ key: prefix, value: "" });
  const key = plain("key");
  const value = plain("value");
  const wrong = key === undefined || value === undefined;
  const problem = wrong ? "A backslash begins no escape: write \\\\ for one" : keyProblemOf(key);

  const save = async (expected: number) => {
    if (wrong || problem) return;
    if (await writing.send({ op: "put", key, value, expected })) onClose(key);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void save(0);
  };
  const reload = () => {
    if (writing.conflict) note({ op: "put", ...writing.conflict });
    if (writing.conflict) onClose(writing.conflict.key);
    else writing.reset();
  };
  const change = (name: "key" | "value") => (text: string) => {
    writing.reset();
    setText(name, text);
  };

  return (
    <form
      onSubmit={submit}
      aria-label="Create a key"
      className="space-y-2 rounded-md border border-line bg-raised p-2.5"
    >
      <TextField
        label="New key"
        text={texts.key}
        onChange={change("key")}
        hint={`${keySize(key ?? "")} of ${KEY_LIMIT} bytes`}
        autoFocus
      />
      <TextField label="Its value" text={texts.value} onChange={change("value")} multiline />
      <EscapesChoice {...choice} />
      {writing.problem && (
        <p role="alert" className="text-down">
          {writing.problem}
        </p>
      )}
      {writing.conflict !== undefined ? (
        <ConflictBox now={writing.conflict} onOverwrite={(version) => void save(version)} onReload={reload} />
      ) : (
        <div className="flex flex-wrap items-center gap-2">
          <Button type="submit" look="primary" busy={writing.busy} disabled={problem !== undefined}>
            Create
          </Button>
          <Button disabled={writing.busy} onClick={() => onClose()}>
            Cancel
          </Button>
          {problem && texts.key !== "" && <p className="text-xs text-down">{problem}</p>}
        </div>
      )}
    </form>
  );
}
