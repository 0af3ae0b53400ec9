import { createContext, useContext } from "react";
import type { ScenarioRunner } from "@/scenarios/runner";

export const RunnerContext = createContext<ScenarioRunner | null>(null);

export function useRunner(): ScenarioRunner {
  const runner = useContext(RunnerContext);
  if (!runner) throw new Error("no RunnerContext around this component");
  return runner;
}
