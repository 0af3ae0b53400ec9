import { useState } from "react";
import { healAll } from "@/api/chaos";
import { messageOf } from "@/api/request";
import { useDispatch } from "@/state/hooks";

export function useHeal() {
  const dispatch = useDispatch();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();

  const heal = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      const failed = Object.entries(await healAll()).filter(([, result]) => result !== "ok");
      const detail = failed.map(([node, result]) => `${node}: ${result}`).join("; ");
      // A node that is down keeps no rules: not a failure, but it did not say ok either.
      dispatch({ type: "note", kind: "chaos", at: Date.now(), title: "All faults healed", ...(detail && { detail }) });
      if (detail) setProblem(`Not answered by ${detail}`);
    } catch (error) {
      setProblem(`Not healed: ${messageOf(error)}`);
    } finally {
      setBusy(false);
    }
  };

  return { busy, problem, heal };
}
