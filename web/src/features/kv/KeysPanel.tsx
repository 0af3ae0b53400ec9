import { useEffect, useId, useMemo, useRef, useState } from "react";
import type { KeyEntry } from "@/api/keys";
import { Button } from "@/components/Button";
import { shorten } from "@/components/shorten";
import { TextField } from "@/components/TextField";
import { PAGE } from "@/features/kv/keyFollower";
import { compareKeys, nextOf, spanOf, type Row } from "@/features/kv/keyList";
import { KeyRow, type RowActions } from "@/features/kv/KeyRow";
import { KeysStatus } from "@/features/kv/KeysStatus";
import { NewKeyForm } from "@/features/kv/NewKeyForm";
import { useKeys } from "@/features/kv/useKeys";
import { Visible } from "@/features/kv/Visible";
import { useRefusal } from "@/state/session";

// Who types is not asked after every letter.
const TYPING_MS = 250;

// All keys, or those with a prefix, as they are and as they become.
export function KeysPanel({ active }: { active: boolean }) {
  const [typed, setTyped] = useState("");
  const prefix = useSettled(typed);
  const { followed, readMore, note } = useKeys(prefix, active);
  const refusal = useRefusal("write");
  const [creating, setCreating] = useState(false);
  const [open, setOpen] = useState<string>();
  const [edited, setEdited] = useState<KeyEntry>();
  // A key that was created, but is not among those that are shown.
  const [elsewhere, setElsewhere] = useState<string>();
  const list = useRef<HTMLUListElement>(null);
  const reason = useId();

  const actions = useMemo<RowActions>(
    () => ({
      toggle: (key) => {
        setOpen((before) => (before === key ? undefined : key));
        setEdited(undefined);
      },
      edit: setEdited,
      note,
      deleted: () => list.current?.focus(),
    }),
    [note],
  );
  const rows = withEdited(followed.list.rows, edited);
  const isListed = (key: string) => key.startsWith(followed.prefix) && spanOf(followed.list, key) !== undefined;
  const created = (key: string | undefined) => {
    setCreating(false);
    if (key === undefined) return;
    const listed = isListed(key);
    setElsewhere(listed ? undefined : key);
    if (listed) setOpen(key);
  };

  return (
    <div className="space-y-2">
      <div className="flex items-end gap-2">
        <div className="min-w-0 flex-1">
          <TextField label="Prefix" text={typed} onChange={setTyped} hint="empty: all keys" />
        </div>
        <Button
          aria-expanded={creating}
          aria-describedby={refusal && reason}
          disabled={refusal !== undefined}
          onClick={() => {
            setCreating(!creating);
            setElsewhere(undefined);
          }}
        >
          New key…
        </Button>
      </div>
      {refusal && (
        <p id={reason} className="text-xs text-candidate">
          {refusal}
        </p>
      )}
      {creating && <NewKeyForm prefix={prefix} note={note} onClose={created} />}
      {elsewhere !== undefined && (
        <p role="status" className="text-xs break-words text-leader">
          <Visible text={shorten(elsewhere, 60)} /> is there now, but not among the keys that are shown.
        </p>
      )}
      <KeysStatus followed={followed} />
      {rows.length > 0 && (
        <ul
          ref={list}
          tabIndex={-1}
          aria-label="Keys"
          className="max-h-[max(18rem,50dvh)] overflow-y-auto rounded-md border border-line"
        >
          {rows.map((row) => (
            <KeyRow
              key={row.key}
              row={row}
              gone={row.key === edited?.key && isListed(row.key) && !followed.list.rows.includes(row)}
              expanded={row.key === open}
              edited={row.key === open && row.key === edited?.key ? edited : undefined}
              refusal={refusal}
              actions={actions}
            />
          ))}
        </ul>
      )}
      {nextOf(followed.list) !== null && (
        <Button className="w-full" busy={followed.more} onClick={readMore}>
          {PAGE} more
        </Button>
      )}
    </div>
  );
}

// What is being edited stays, also when somebody else deletes it.
function withEdited(rows: readonly Row[], edited: KeyEntry | undefined): readonly Row[] {
  if (!edited || rows.some(({ key }) => key === edited.key)) return rows;
  return [...rows, { ...edited, changed: false }].sort((a, b) => compareKeys(a.key, b.key));
}

function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}
