import { useState, type FormEvent } from "react";
import { Button } from "@/components/Button";
import { Choices } from "@/components/Choices";
import { TextField } from "@/components/TextField";
import type { Consistency } from "@/api/keys";
import { keyProblemOf, keySize, KEY_LIMIT } from "@/features/kv/key";
import { perform, type Operation, type OperationResult } from "@/features/kv/operation";
import { ResultList } from "@/features/kv/ResultList";
import { useDispatch } from "@/state/hooks";
import { useRefusal } from "@/state/session";

const CONSISTENCIES: { id: Consistency; title: string }[] = [
  { id: "linearizable", title: "Linearizable" },
  { id: "stale", title: "Stale, this node’s own" },
];

const KEPT = 10;

// One request for one key, as plain as the API has it, and who answered.
export function OperationForm({ kind }: { kind: Operation["kind"] }) {
  const dispatch = useDispatch();
  const [key, setKey] = useState("hello");
  const [value, setValue] = useState("world");
  const [consistency, setConsistency] = useState<Consistency>("linearizable");
  const [busy, setBusy] = useState(false);
  const [results, setResults] = useState<OperationResult[]>([]);
  const refusal = useRefusal(kind === "get" ? "read" : "write");
  const problem = keyProblemOf(key);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    const result = await perform({ kind, key, value, consistency });
    setBusy(false);
    setResults((before) => [result, ...before].slice(0, KEPT));
    const detail = `${result.status || "no answer"}${result.node && ` from ${result.node}`} in ${Math.round(result.elapsed_ms)} ms`;
    dispatch({ type: "note", kind: "kv", at: Date.now(), title: `${kind.toUpperCase()} ${key.slice(0, 80)}`, detail });
  };

  return (
    <>
      <form onSubmit={(event) => void submit(event)} className="space-y-2.5">
        <TextField label="Key" text={key} onChange={setKey} hint={`${keySize(key)} of ${KEY_LIMIT} bytes`} />
        {kind === "put" && <TextField label="Value" text={value} onChange={setValue} multiline />}
        {kind === "get" && (
          <Choices label="Consistency" choices={CONSISTENCIES} selected={consistency} onSelect={setConsistency} />
        )}
        <div className="flex items-center gap-3">
          <Button type="submit" look="primary" busy={busy} disabled={problem !== undefined || refusal !== undefined}>
            {kind.toUpperCase()}
          </Button>
          {(problem ?? refusal) && <p className="text-xs text-down">{problem ?? refusal}</p>}
        </div>
      </form>
      <ResultList results={results} />
    </>
  );
}
