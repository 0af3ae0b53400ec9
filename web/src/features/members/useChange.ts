import { useState } from "react";
import { messageOf, RequestError } from "@/api/request";

// A change that is asked for: one at a time, with what the server says against it.
export interface Change {
  busy: boolean;
  // The server's words.
  problem: string | undefined;
  // Does it although a majority is not heard from; undefined where that is not what was wrong.
  insist: (() => void) | undefined;
  // Resolves to whether it was done.
  run(ask: (force: boolean) => Promise<unknown>): Promise<boolean>;
}

export function useChange(): Change {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const [refused, setRefused] = useState<(force: boolean) => Promise<unknown>>();

  const send = async (ask: (force: boolean) => Promise<unknown>, force: boolean) => {
    setBusy(true);
    setProblem(undefined);
    setRefused(undefined);
    try {
      await ask(force);
      return true;
    } catch (error) {
      setProblem(messageOf(error));
      if (error instanceof RequestError && error.status === 412) setRefused(() => ask);
      return false;
    } finally {
      setBusy(false);
    }
  };

  return {
    busy,
    problem,
    insist: refused && (() => void send(refused, true)),
    run: (ask) => send(ask, false),
  };
}
