import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "@/app/App";
import { connect } from "@/app/connect";
import "@/app/theme.css";
import { RunnerContext } from "@/scenarios/hooks";
import { createRunner } from "@/scenarios/runner";
import { StoreContext } from "@/state/hooks";
import { persist, restore } from "@/state/persistence";
import { reduce } from "@/state/state";
import { createStore } from "@/state/store";

const { state, interrupted } = restore();
const store = createStore(reduce, state);
persist(store);
connect(store, interrupted);

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <StoreContext.Provider value={store}>
      <RunnerContext.Provider value={createRunner(store)}>
        <App />
      </RunnerContext.Provider>
    </StoreContext.Provider>
  </StrictMode>,
);
