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
      const title = detail ? "Faults healed, not everywhere" : "All faults healed";
      dispatch({ type: "note", kind: "chaos", at: Date.now(), title, ...(detail && { detail }) });
      if (detail) setProblem(`No answer from ${detail}. A node that is down keeps no rules.`);
    } catch (error) {
      setProblem(`Not healed: ${messageOf(error)}`);
    } finally {
      setBusy(false);
    }
  };

  return { busy, problem, heal };
}
