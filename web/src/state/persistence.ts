// What survives a reload: preferences in this browser, the timeline and the last runs in this tab.
import { AUTO_HEAL_MS, defaultPreferences, type Preferences } from "@/state/preferences";
import type { Run } from "@/state/run";
import { initialState, type AppStore, type State } from "@/state/state";
import { TIMELINE_LIMIT, type Timeline } from "@/state/timeline";

const PREFERENCES = "raftly.preferences";
const SESSION = "raftly.session";
const WRITE_AFTER_MS = 250;

interface Session {
  timeline: Timeline;
  latest: Record<string, Run>;
}

export interface Restored {
  state: State;
  // A scenario was under way when the page went: what it had injected may still be in force.
  interrupted: boolean;
}

export function restore(): Restored {
  const session = read<Session>(sessionStorage, SESSION);
  const runs = Object.values(session?.latest ?? {});
  const state: State = {
    ...initialState,
    preferences: validPreferences(read<Preferences>(localStorage, PREFERENCES)),
    timeline: validTimeline(session?.timeline),
    runs: { running: null, latest: Object.fromEntries(runs.map((run) => [run.scenario, ended(run)])) },
  };
  return { state, interrupted: runs.some((run) => !run.verdict) };
}

// Writes what changed, a little later and at the latest when the page goes.
export function persist(store: AppStore): void {
  let saved: State = store.get();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const save = () => {
    clearTimeout(timer);
    timer = undefined;
    const { preferences, timeline, runs } = store.get();
    if (preferences !== saved.preferences) write(localStorage, PREFERENCES, preferences);
    if (timeline !== saved.timeline || runs !== saved.runs) {
      write(sessionStorage, SESSION, { timeline, latest: runs.latest } satisfies Session);
    }
    saved = store.get();
  };
  store.subscribe(() => {
    timer ??= setTimeout(save, WRITE_AFTER_MS);
  });
  window.addEventListener("pagehide", save);
}

function validPreferences(stored: Partial<Preferences> | undefined): Preferences {
  const { auto_heal_ms = NaN, theme } = stored ?? {};
  const inRange = auto_heal_ms >= AUTO_HEAL_MS.min && auto_heal_ms <= AUTO_HEAL_MS.max;
  return {
    auto_heal_ms: inRange ? auto_heal_ms : defaultPreferences.auto_heal_ms,
    theme: theme === "light" || theme === "dark" ? theme : defaultPreferences.theme,
  };
}

function validTimeline(stored: Timeline | undefined): Timeline {
  if (!Array.isArray(stored?.events) || typeof stored.next_id !== "number") return initialState.timeline;
  return { events: stored.events.slice(0, TIMELINE_LIMIT), next_id: stored.next_id };
}

// A run that was under way when the page went has ended with it.
function ended({ heal_at: _, ...run }: Run): Run {
  if (run.verdict) return run;
  const step = run.steps.find(({ status }) => status === "running");
  const steps = run.steps.map((other): Run["steps"][number] =>
    other === step ? { ...other, status: "failed" } : other,
  );
  const where = step ? ` during “${step.title}”` : "";
  const sentence = `The page was left${where}. Its faults are healed when the page goes and when it comes back.`;
  return { ...run, steps, verdict: { outcome: "cancelled", sentence, facts: [] } };
}

function read<Value>(storage: Storage, key: string): Value | undefined {
  try {
    return (JSON.parse(storage.getItem(key) ?? "null") as Value | null) ?? undefined;
  } catch {
    return undefined;
  }
}

// A full or forbidden storage costs memory of the past, nothing else.
function write(storage: Storage, key: string, value: unknown): void {
  try {
    storage.setItem(key, JSON.stringify(value));
  } catch {
    // Nothing to be done about it.
  }
}
