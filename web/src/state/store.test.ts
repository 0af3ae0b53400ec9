import { expect, it, vi } from "vitest";
import { createStore } from "@/state/store";
import { initialState, reduce } from "@/state/state";

it("tells its listeners of changes only, and for as long as they listen", () => {
  const store = createStore((state: number, add: number) => state + add, 1);
  const listener = vi.fn();
  const stop = store.subscribe(listener);
  store.dispatch(2);
  store.dispatch(0);
  stop();
  store.dispatch(5);
  expect(listener).toHaveBeenCalledTimes(1);
  expect(store.get()).toBe(8);
});

it("reduce returns the same state where nothing changed, so that nothing is drawn", () => {
  const open = reduce(initialState, { type: "stream", status: "open", at: 1 });
  expect(reduce(open, { type: "stream", status: "open", at: 2 })).toBe(open);
});
