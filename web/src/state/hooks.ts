import { createContext, useContext, useSyncExternalStore } from "react";
import type { Action } from "@/state/actions";
import type { AppStore, State } from "@/state/state";

export const StoreContext = createContext<AppStore | null>(null);

export function useStore(): AppStore {
  const store = useContext(StoreContext);
  if (!store) throw new Error("no StoreContext around this component");
  return store;
}

// `select` must return the same reference for the same state, or it draws forever.
export function useSelect<Value>(select: (state: State) => Value): Value {
  const store = useStore();
  return useSyncExternalStore(store.subscribe, () => select(store.get()));
}

export function useDispatch(): (action: Action) => void {
  return useStore().dispatch;
}
