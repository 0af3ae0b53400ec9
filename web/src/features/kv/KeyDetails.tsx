import { useId, useState, type FormEvent } from "react";
import { bytesInWords } from "@/components/bytes";
import { Button } from "@/components/Button";
import { ConflictBox } from "@/features/kv/ConflictBox";
import { keySize } from "@/features/kv/key";
import type { Row } from "@/features/kv/keyList";
import type { RowActions } from "@/features/kv/KeyRow";
import { useWrite } from "@/features/kv/useWrite";
import { Visible } from "@/features/kv/Visible";

// What the server adds to: a number of 64 bits.
const NUMBER = /^-?\d{1,19}$/;

// All of one key, and what can be done with it.
export function KeyDetails({ row, refusal, actions }: { row: Row; refusal: string | undefined; actions: RowActions }) {
  const writing = useWrite(actions.note);
  // The version that is to go; another one may have come since.
  const [doomed, setDoomed] = useState<number>();
  const { key, value, version } = row;

  const remove = async (expected: number) => {
    setDoomed(undefined);
    if (await writing.send({ op: "delete", key, expected })) actions.deleted();
  };
  const reload = () => {
    if (writing.conflict) actions.note({ op: "put", ...writing.conflict });
    writing.reset();
  };

  return (
    <>
      <p className="font-mono font-medium break-all whitespace-pre-wrap">
        <Visible text={key} lines />
      </p>
      {value !== "" && (
        <pre
          tabIndex={0}
          aria-label="Value"
          className="max-h-48 overflow-y-auto font-mono break-all whitespace-pre-wrap"
        >
          <Visible text={value} lines />
        </pre>
      )}
      <p className="text-xs text-muted">
        Version {version}: the log index of its last change ·{" "}
        {value === "" ? "an empty value" : bytesInWords(keySize(value))}
      </p>
      <div className="flex flex-wrap items-center gap-2">
        <Button disabled={refusal !== undefined || writing.busy} title={refusal} onClick={() => actions.edit(row)}>
          Edit
        </Button>
        {NUMBER.test(value) && (
          <AddForm
            disabled={refusal !== undefined || writing.busy}
            onAdd={(amount) => void writing.send({ op: "add", key, amount })}
          />
        )}
        {/* One button, so that the focus stays, and a second click on it does no harm. */}
        <Button
          look={doomed === undefined ? "danger" : "plain"}
          busy={writing.busy}
          disabled={refusal !== undefined}
          title={refusal}
          onClick={() => setDoomed(doomed === undefined ? version : undefined)}
        >
          {doomed === undefined ? "Delete…" : "Keep it"}
        </Button>
        {doomed !== undefined && (
          <Button look="danger" onClick={() => void remove(doomed)}>
            Delete version {doomed}
          </Button>
        )}
      </div>
      {writing.problem && (
        <p role="alert" className="text-down">
          {writing.problem}
        </p>
      )}
      {writing.conflict !== undefined && (
        <ConflictBox
          now={writing.conflict}
          overwrite={writing.conflict && `Delete version ${writing.conflict.version}`}
          onOverwrite={() => void remove(writing.conflict?.version ?? 0)}
          onReload={reload}
        />
      )}
    </>
  );
}

function AddForm({ disabled, onAdd }: { disabled: boolean; onAdd(amount: number): void }) {
  const id = useId();
  const [text, setText] = useState("1");
  const amount = Number(text);
  const valid = /^[-+]?\d+$/.test(text.trim()) && Number.isSafeInteger(amount);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onAdd(amount);
  };
  return (
    <form onSubmit={submit} className="flex items-center">
      <label htmlFor={id} className="sr-only">
        Number to add
      </label>
      <input
        id={id}
        inputMode="numeric"
        value={text}
        aria-invalid={!valid}
        disabled={disabled}
        onChange={(event) => setText(event.target.value)}
        className="w-16 rounded-l-md border border-r-0 border-line bg-page px-2 py-1.5 font-mono disabled:opacity-50"
      />
      <Button type="submit" disabled={disabled || !valid} className="rounded-l-none">
        Add
      </Button>
    </form>
  );
}
