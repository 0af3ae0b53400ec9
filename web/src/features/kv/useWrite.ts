import { useRef, useState } from "react";
import { getKey, type KeyEntry } from "@/api/keys";
import { messageOf, RequestError } from "@/api/request";
import type { Change } from "@/api/watch";
import { isUnsettled, newIdempotencyKey, write, type Write } from "@/api/writes";
import { useDispatch } from "@/state/hooks";

export interface Writing {
  busy: boolean;
  // What goes wrong, or did; "" otherwise.
  problem: string;
  // Somebody else was faster: what is there now, null where the key is gone.
  conflict: KeyEntry | null | undefined;
  // Resolves with whether it was done.
  send(change: Write): Promise<boolean>;
  reset(): void;
}

const OUTCOMES = { put: "written", delete: "deleted", add: "added" };

// One write at a time, and what came of it. `onChange` is told what it changed.
export function useWrite(onChange: (change: Change) => void): Writing {
  const dispatch = useDispatch();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const [conflict, setConflict] = useState<KeyEntry | null>();
  // Of a write that may have happened: asked for once more, it is the same one.
  const unsettled = useRef<{ change: string; id: string }>();

  const reset = () => {
    setProblem("");
    setConflict(undefined);
  };

  const send = async (change: Write): Promise<boolean> => {
    setBusy(true);
    reset();
    const text = JSON.stringify(change);
    const id = unsettled.current?.change === text ? unsettled.current.id : newIdempotencyKey();
    const note = (title: string, detail: string) =>
      dispatch({ type: "note", kind: "kv", at: Date.now(), title: `${title} ${change.key.slice(0, 80)}`, detail });
    try {
      const { data, version } = await write(change, id, (why) => setProblem(`${why}; asking again…`));
      unsettled.current = undefined;
      const { op, key } = change;
      const value = op === "put" ? change.value : data?.value;
      onChange(
        op === "delete" ? { op, key, version } : { op: "put", key, version, ...(value !== undefined && { value }) },
      );
      reset();
      note(op.toUpperCase(), `${OUTCOMES[op]}, version ${version}`);
      return true;
    } catch (error) {
      unsettled.current = isUnsettled(error) ? { change: text, id } : undefined;
      if (error instanceof RequestError && error.status === 412) {
        setProblem("");
        await findConflict(change.key).then(setConflict, (thrown: unknown) =>
          setProblem(`Somebody else changed it, and what is there now cannot be read: ${messageOf(thrown)}`),
        );
        note(change.op.toUpperCase(), "refused: somebody else changed it");
      } else {
        const fate = isUnsettled(error) ? "Nobody knows whether it was done" : "Not done";
        setProblem(`${fate}: ${messageOf(error)}`);
        note(change.op.toUpperCase(), `${fate.toLowerCase()}: ${messageOf(error)}`);
      }
      return false;
    } finally {
      setBusy(false);
    }
  };

  return { busy, problem, conflict, send, reset };
}

async function findConflict(key: string): Promise<KeyEntry | null> {
  try {
    const { data, version } = await getKey(key);
    return { ...data, version };
  } catch (error) {
    if (error instanceof RequestError && error.status === 404) return null;
    throw error;
  }
}
