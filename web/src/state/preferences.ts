import type { Action } from "@/state/actions";

export type Theme = "system" | "light" | "dark";

// What a person chose for this browser; the cluster's own settings live in the cluster.
export interface Preferences {
  auto_heal_ms: number;
  theme: Theme;
}

export const AUTO_HEAL_MS = { min: 2_000, max: 30_000, initial: 4_000 };

export const defaultPreferences: Preferences = { auto_heal_ms: AUTO_HEAL_MS.initial, theme: "system" };

export function reducePreferences(preferences: Preferences, action: Action): Preferences {
  return action.type === "preferences" ? { ...preferences, ...action.change } : preferences;
}
