// Joins the store to the cluster.
import { openEventStream } from "@/api/eventStream";
import { readSelf } from "@/api/self";
import { healUntilDone } from "@/scenarios/heal";
import type { AppStore } from "@/state/state";

export function connect(store: AppStore, interrupted: boolean): void {
  openEventStream({
    onFrame: (frame) => store.dispatch({ type: "frame", frame, at: Date.now() }),
    onStatus(status) {
      const before = store.get().connection;
      store.dispatch({ type: "stream", status, at: Date.now() });
      // Whoever is there now may be another one than before.
      if (status === "open" && before.status !== "open") void findOutWhoServes(store);
    },
  });
  if (interrupted) void healWhatWasLeft(store);
}

async function findOutWhoServes(store: AppStore): Promise<void> {
  try {
    store.dispatch({ type: "served_by", node: await readSelf() });
  } catch {
    // It is only said where it is known; the stream tells whether the node is there.
  }
}

async function healWhatWasLeft(store: AppStore): Promise<void> {
  const note = (title: string, detail: string) =>
    store.dispatch({ type: "note", kind: "chaos", at: Date.now(), title, detail });
  const silent = await healUntilDone();
  const except = silent.length > 0 ? `, except on ${silent.join(", ")}` : "";
  note("All faults healed", `A scenario was under way when the page was left${except}`);
}
