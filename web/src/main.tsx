import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "@/app/App";
import { connect } from "@/app/connect";
import { SessionGate } from "@/app/SessionGate";
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

// The stream would be refused before, again and again.
let connected = false;
const enter = () => {
  if (connected) return;
  connected = true;
  connect(store, interrupted);
};

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <StoreContext.Provider value={store}>
      <RunnerContext.Provider value={createRunner(store)}>
        <SessionGate onEnter={enter}>
          <App />
        </SessionGate>
      </RunnerContext.Provider>
    </StoreContext.Provider>
  </StrictMode>,
);
