// A cluster to test with, and the page's surroundings.
import { act, render } from "@testing-library/react";
import type { ReactElement } from "react";
import type { ChaosState, Cluster, ClusterNode, Frame, LogEntry, Member, Members, NodeLog, Rule } from "@/api/types";
import { RunnerContext } from "@/scenarios/hooks";
import type { ScenarioRunner } from "@/scenarios/runner";
import { StoreContext } from "@/state/hooks";
import { initialState, reduce, type AppStore, type State } from "@/state/state";
import { createStore } from "@/state/store";

export function node(id: string, change: Partial<ClusterNode> = {}): ClusterNode {
  return {
    id,
    state: "Follower",
    term: 3,
    leader_id: "node1",
    commit_index: 10,
    last_applied: 10,
    reachable: true,
    ...change,
  };
}

export function down(id: string): ClusterNode {
  return { id, state: "Down", term: 0, leader_id: "", commit_index: 0, last_applied: 0, reachable: false };
}

// node1 leads unless it is said otherwise.
export function cluster(count = 3, changes: Record<string, Partial<ClusterNode>> = {}): Cluster {
  const nodes = Array.from({ length: count }, (_, i) => {
    const id = `node${i + 1}`;
    return node(id, { ...(i === 0 && { state: "Leader" as const }), ...changes[id] });
  });
  const leaders = nodes
    .filter(({ reachable, state }) => reachable && state === "Leader")
    .sort((a, b) => b.term - a.term);
  const term = Math.max(...nodes.map((each) => each.term));
  return { nodes, leader_id: leaders[0]?.id ?? "", term, timestamp: 1_000 };
}

// The rules that the server installs for a fault, on the nodes where it does.
export function isolated(target: string, all = ["node1", "node2", "node3"]): ChaosState {
  const rules: Rule[] = [
    { id: `isolate-${target}-out`, from_node: target, action: "drop" },
    { id: `isolate-${target}-in`, to_node: target, action: "drop" },
  ];
  return { peers: all.map((id) => ({ node: id, rules })) };
}

export function rulesOn(owner: string, rules: Rule[], all = ["node1", "node2", "node3"]): ChaosState {
  return { peers: all.map((id) => ({ node: id, rules: id === owner ? rules : [] })) };
}

export function entry(index: number, change: Partial<LogEntry> = {}): LogEntry {
  return { index, term: 3, type: "normal", committed: true, applied: true, data: `put k${index}=v`, ...change };
}

export function nodeLog(id: string, entries: LogEntry[], commit_index = 10): NodeLog {
  return { node: id, last_index: entries.at(-1)?.index ?? 0, commit_index, last_applied: commit_index, entries };
}

// In the words of node1, which leads, at index 10.
export function members(list: (Partial<Member> & { id: string })[], change: Partial<Members> = {}): Members {
  const of = (each: Partial<Member> & { id: string }): Member => ({
    grpc: `${each.id}:7000`,
    http: `${each.id}:8000`,
    role: "voter",
    incarnation: `of-${each.id}`,
    match_index: 10,
    progress: "replicate",
    version: "0.1.0",
    ...each,
  });
  return { cluster_id: "c", index: 2, joint: false, members: list.map(of), ...change };
}

export function status(data: Cluster): Frame {
  return { type: "status", timestamp: data.timestamp, data };
}

export function storeWith(picture: Partial<State["picture"]> = {}, rest: Partial<State> = {}): AppStore {
  return createStore(reduce, { ...initialState, ...rest, picture: { ...initialState.picture, ...picture } });
}

// Sends a frame as the stream would.
export function send(store: AppStore, frame: Frame, at = frame.timestamp): void {
  act(() => store.dispatch({ type: "frame", frame, at }));
}

const idleRunner: ScenarioRunner = { run: () => Promise.resolve(), cancel: () => undefined };

export function renderWith(element: ReactElement, store: AppStore = storeWith(), runner: ScenarioRunner = idleRunner) {
  const view = render(
    <StoreContext.Provider value={store}>
      <RunnerContext.Provider value={runner}>{element}</RunnerContext.Provider>
    </StoreContext.Provider>,
  );
  return { store, ...view };
}
