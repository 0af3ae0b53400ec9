// @vitest-environment jsdom
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { persist, restore } from "@/state/persistence";
import { initialState, reduce } from "@/state/state";
import { createStore } from "@/state/store";

beforeEach(() => {
  localStorage.clear();
  sessionStorage.clear();
  vi.useFakeTimers();
});
afterEach(() => void vi.useRealTimers());

it("starts afresh where nothing is stored, or nonsense", () => {
  expect(restore()).toEqual({ state: initialState, interrupted: false });
  localStorage.setItem("raftly.preferences", '{"auto_heal_ms":1,"theme":"pink"}');
  sessionStorage.setItem("raftly.session", "{");
  expect(restore()).toEqual({ state: initialState, interrupted: false });
});

it("brings back preferences, the timeline, and how runs ended", () => {
  const store = createStore(reduce, initialState);
  persist(store);
  store.dispatch({ type: "preferences", change: { auto_heal_ms: 9_000, theme: "dark" } });
  store.dispatch({ type: "note", kind: "kv", at: 1, title: "PUT a" });
  store.dispatch({ type: "run_started", scenario: "s", steps: ["one"], at: 2 });
  store.dispatch({ type: "run_ended", scenario: "s", verdict: { outcome: "passed", sentence: "Seen.", facts: [] } });
  vi.runAllTimers();

  const { state, interrupted } = restore();
  expect(interrupted).toBe(false);
  expect(state.preferences).toEqual({ auto_heal_ms: 9_000, theme: "dark" });
  expect(state.timeline).toEqual(store.get().timeline);
  expect(state.runs).toEqual(store.get().runs);
});

it("ends a run that was under way when the page went, and says that something may be left", () => {
  const store = createStore(reduce, initialState);
  persist(store);
  store.dispatch({ type: "run_started", scenario: "s", steps: ["one", "two"], at: 2 });
  store.dispatch({ type: "run_step_started", scenario: "s", step: 1 });
  store.dispatch({ type: "run_heals_at", scenario: "s", at: 99 });
  window.dispatchEvent(new Event("pagehide"));

  const { state, interrupted } = restore();
  expect(interrupted).toBe(true);
  expect(state.runs.running).toBeNull();
  expect(state.runs.latest["s"]?.verdict).toMatchObject({ outcome: "cancelled" });
  expect(state.runs.latest["s"]?.verdict?.sentence).toContain("during “two”");
  expect(state.runs.latest["s"]?.steps[1]?.status).toBe("failed");
  expect(state.runs.latest["s"]).not.toHaveProperty("heal_at");
});
