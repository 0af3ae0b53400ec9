import { memo, useEffect, useRef } from "react";
import type { KeyEntry } from "@/api/keys";
import type { Change } from "@/api/watch";
import { classes } from "@/components/classes";
import { ChangeMark } from "@/features/kv/ChangeMark";
import { KeyDetails } from "@/features/kv/KeyDetails";
import type { Row } from "@/features/kv/keyList";
import { ValueForm } from "@/features/kv/ValueForm";
import { Visible } from "@/features/kv/Visible";

export interface RowActions {
  toggle(key: string): void;
  // With what is edited, or undefined when that is over.
  edit(entry: KeyEntry | undefined): void;
  note(change: Change): void;
  deleted(): void;
}

interface KeyRowProps {
  row: Row;
  // Deleted by somebody else, while it was being edited.
  gone: boolean;
  expanded: boolean;
  // What is being edited, as it was when that began.
  edited: KeyEntry | undefined;
  // Why nothing can be changed, or undefined.
  refusal: string | undefined;
  actions: RowActions;
}

// Of a value, in its row.
const SHOWN = 160;

export const KeyRow = memo(function KeyRow({ row, gone, expanded, edited, refusal, actions }: KeyRowProps) {
  const item = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (expanded) item.current?.scrollIntoView?.({ block: "nearest" });
  }, [expanded]);
  // Where the form was that had the focus, nothing is.
  const wasEdited = useRef(false);
  useEffect(() => {
    if (wasEdited.current && !edited && document.activeElement === document.body)
      item.current?.querySelector("button")?.focus();
    wasEdited.current = edited !== undefined;
  }, [edited]);
  return (
    <li
      ref={item}
      data-key={row.key}
      data-version={row.version}
      className="relative border-b border-line last:border-b-0"
    >
      {row.changed && <ChangeMark key={row.version} />}
      <button
        type="button"
        aria-expanded={expanded}
        onClick={() => actions.toggle(row.key)}
        className={classes(
          "relative grid w-full grid-cols-[0.75rem_minmax(0,2fr)_minmax(0,3fr)_minmax(3.5rem,auto)] items-baseline gap-x-2 px-2 py-1 text-left font-mono whitespace-pre hover:bg-raised/60",
          "focus-visible:-outline-offset-2",
          gone && "text-muted line-through",
        )}
      >
        <span aria-hidden="true" className="text-muted">
          {expanded ? "▾" : "▸"}
        </span>
        <span className="overflow-hidden font-medium text-ellipsis">
          <Visible text={row.key.slice(0, SHOWN)} />
        </span>
        <span className="overflow-hidden text-ellipsis text-muted">
          {row.value === "" ? <i>empty</i> : <Visible text={row.value.slice(0, SHOWN)} />}
        </span>
        <span className="text-right text-xs text-muted">
          <span className="sr-only">version </span>
          <span aria-hidden="true">v</span>
          {row.version}
        </span>
      </button>
      {expanded && (
        <div className="relative space-y-2 bg-raised px-3 py-2">
          {edited ? (
            <ValueForm
              key={edited.version}
              base={edited}
              newer={gone ? "Somebody deleted it meanwhile." : newerThan(edited, row)}
              actions={actions}
            />
          ) : (
            <KeyDetails row={row} refusal={refusal} actions={actions} />
          )}
        </div>
      )}
    </li>
  );
});

function newerThan(edited: KeyEntry, row: Row): string {
  return row.version > edited.version ? `Somebody changed it meanwhile: version ${row.version} is there now.` : "";
}
