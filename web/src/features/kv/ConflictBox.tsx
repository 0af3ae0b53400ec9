import type { KeyEntry } from "@/api/keys";
import { Button } from "@/components/Button";
import { Visible } from "@/features/kv/Visible";

interface ConflictBoxProps {
  // What is there now; null: nothing.
  now: KeyEntry | null;
  // What the button says that does it all the same; null where there is nothing to do. By default that of a put.
  overwrite?: string | null;
  // Instead of this version; 0: of nothing.
  onOverwrite(version: number): void;
  onReload(): void;
}

// The write came too late for the version that it was meant for, and changed nothing.
export function ConflictBox({ now, overwrite, onOverwrite, onReload }: ConflictBoxProps) {
  const label = overwrite === undefined ? (now ? `Overwrite version ${now.version}` : "Create it again") : overwrite;
  return (
    <div role="alert" data-conflict className="space-y-2 rounded-md border border-candidate bg-panel px-2.5 py-2">
      {now ? (
        <>
          <p>
            <b className="text-candidate">Conflict.</b> Somebody else wrote version {now.version}, and nothing was
            changed. There is now:
          </p>
          <pre
            tabIndex={0}
            aria-label="Value now"
            className="max-h-32 overflow-y-auto font-mono break-all whitespace-pre-wrap"
          >
            {now.value === "" ? <i>an empty value</i> : <Visible text={now.value} lines />}
          </pre>
        </>
      ) : (
        <p>
          <b className="text-candidate">Conflict.</b> Somebody else deleted the key, and nothing was changed.
        </p>
      )}
      <div className="flex flex-wrap gap-2">
        {label !== null && (
          <Button look="danger" onClick={() => onOverwrite(now?.version ?? 0)}>
            {label}
          </Button>
        )}
        <Button onClick={onReload}>{now ? "Reload" : "Close"}</Button>
      </div>
    </div>
  );
}
