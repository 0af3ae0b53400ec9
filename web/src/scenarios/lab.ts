// The world of one running scenario. See Lab for what it promises.
import { injectFault, type Fault } from "@/api/chaos";
import { putKey } from "@/api/keys";
import type { Cluster, ClusterNode } from "@/api/types";
import { describeFault } from "@/scenarios/describeFault";
import { healPersistently } from "@/scenarios/heal";
import { Recorder } from "@/scenarios/recorder";
import { Cancelled, NotSeen, type Lab, type Scenario } from "@/scenarios/scenario";
import { healthOf } from "@/state/health";
import { installedRules } from "@/state/links";
import { votersOf } from "@/state/members";
import type { AppStore, State } from "@/state/state";

// How long to wait for what should come by itself, where no fault is in force that would end the wait.
const PATIENCE_MS = 15_000;
// The page hears of faults a moment after they were healed.
const HEALED_JUST_NOW_MS = 3000;

export class RunningLab implements Lab {
  readonly record: Recorder;
  readonly #store: AppStore;
  readonly #scenario: Scenario;
  readonly #signal: AbortSignal;
  #step = -1;
  // While a fault of ours may be in force.
  #heal_at: number | null = null;
  #heal_timer: ReturnType<typeof setTimeout> | undefined;
  #healed_on_time: Promise<unknown> = Promise.resolve();
  #healing: Promise<string[]> | null = null;

  constructor(store: AppStore, scenario: Scenario, signal: AbortSignal) {
    this.#store = store;
    this.#scenario = scenario;
    this.#signal = signal;
    this.record = new Recorder(store);
  }

  // Faults of ours may be in force.
  get dirty(): boolean {
    return this.#heal_at !== null;
  }

  state(): State {
    return this.#store.get();
  }

  cluster(): Cluster {
    const { cluster } = this.state().picture;
    if (!cluster) throw new NotSeen("The cluster has not been heard of yet");
    return cluster;
  }

  node(id: string): ClusterNode {
    const node = this.cluster().nodes.find((other) => other.id === id);
    if (!node) throw new NotSeen(`${id} is not in the cluster`);
    return node;
  }

  async step<Result>(work: (note: (text: string) => void) => Promise<Result>): Promise<Result> {
    this.#throwIfCancelled();
    const step = ++this.#step;
    const { id: scenario, title, steps } = this.#scenario;
    const dispatch = this.#store.dispatch;
    let remark: string | undefined;
    dispatch({ type: "run_step_started", scenario, step });
    dispatch({ type: "note", kind: "scenario", at: Date.now(), title: steps[step] ?? "", detail: title });
    let failed = true;
    try {
      const result = await work((text) => (remark = text));
      failed = false;
      return result;
    } finally {
      dispatch({ type: "run_step_ended", scenario, step, failed, ...(remark !== undefined && { note: remark }) });
    }
  }

  async untilHealthy(): Promise<ClusterNode> {
    await this.until(
      "no other faults",
      ({ picture: { chaos } }) => installedRules(chaos).length === 0,
      HEALED_JUST_NOW_MS,
    ).catch((error: unknown) => {
      throw error instanceof NotSeen ? new NotSeen("Other faults are in force: heal them first, under Chaos") : error;
    });
    return this.until(
      "a healthy cluster, every node up",
      ({ picture: { cluster, chaos, members } }) =>
        cluster && healthOf(cluster, chaos, members) === "HEALTHY" && leaderOf(cluster),
    );
  }

  untilAgreed(): Promise<ClusterNode> {
    return this.until("all nodes with one leader and one log", ({ picture: { cluster } }) => {
      const leader = cluster && leaderOf(cluster);
      const agree = (node: ClusterNode) =>
        node.reachable &&
        node.term === leader?.term &&
        node.leader_id === leader.id &&
        node.commit_index >= leader.commit_index;
      return cluster?.nodes.every(agree) && leader;
    });
  }

  until<Result>(
    what: string,
    condition: (state: State) => Result | false | undefined | null,
    limit_ms = this.#heal_at === null ? PATIENCE_MS : Math.max(0, this.#heal_at - Date.now()),
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      const settle = (how: () => void) => {
        clearTimeout(timer);
        unsubscribe();
        this.#signal.removeEventListener("abort", cancelled);
        how();
      };
      const cancelled = () => settle(() => reject(new Cancelled()));
      const look = () => {
        const result = condition(this.state());
        if (result) settle(() => resolve(result));
      };
      const timer = setTimeout(
        () => settle(() => reject(new NotSeen(`Not seen within ${(limit_ms / 1000).toFixed(1)} s: ${what}`))),
        limit_ms,
      );
      const unsubscribe = this.#store.subscribe(look);
      this.#signal.addEventListener("abort", cancelled);
      if (this.#signal.aborted) cancelled();
      else look();
    });
  }

  chooseFollower(): string {
    const { served_by } = this.state().connection;
    const followers = votersOf(this.cluster(), this.state().picture.members).filter(
      (node) => node.reachable && node.state === "Follower",
    );
    const chosen = followers.findLast((node) => node.id !== served_by) ?? followers[0];
    if (!chosen) throw new NotSeen("There is no follower");
    return chosen.id;
  }

  async inject(fault: Fault): Promise<void> {
    this.#throwIfCancelled();
    const delay_ms = this.state().preferences.auto_heal_ms;
    // Before the request: where its answer is lost, the fault may be in force all the same.
    this.#setHealAt(Date.now() + delay_ms);
    if (fault.kind === "isolate") this.record.cutOff(fault.node);
    this.#healed_on_time = new Promise((resolve, reject) => {
      this.#heal_timer = setTimeout(() => this.heal().then(resolve, reject), delay_ms);
    });
    this.#healed_on_time.catch(() => undefined); // told to whoever waits for it, and tried again at the end of the run
    const failed = await injectFault(fault, this.#signal);
    const detail = failed.length > 0 ? `not installed on ${failed.join(", ")}` : this.#scenario.title;
    this.#store.dispatch({ type: "note", kind: "chaos", at: Date.now(), title: describeFault(fault), detail });
  }

  async healOnTime(): Promise<void> {
    await this.#unlessCancelled(this.#healed_on_time);
  }

  // Returns the nodes that never said ok. Not stopped by a cancellation: it is what a cancellation calls for.
  heal(how = healPersistently): Promise<string[]> {
    clearTimeout(this.#heal_timer);
    this.#healing ??= this.#healNow(how).finally(() => (this.#healing = null));
    return this.#healing;
  }

  put(key: string, value: string) {
    this.#throwIfCancelled();
    return putKey(key, value, this.#signal);
  }

  #setHealAt(at: number | null): void {
    this.#heal_at = at;
    this.#store.dispatch({ type: "run_heals_at", scenario: this.#scenario.id, at });
  }

  async #healNow(how: () => Promise<string[]>): Promise<string[]> {
    const silent = await how();
    this.record.cutOff("");
    this.#setHealAt(null);
    const title = silent.length === 0 ? "All faults healed" : `Faults healed, except on ${silent.join(", ")}`;
    this.#store.dispatch({ type: "note", kind: "chaos", at: Date.now(), title, detail: this.#scenario.title });
    return silent;
  }

  #unlessCancelled<Result>(work: Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      const cancelled = () => reject(new Cancelled());
      this.#signal.addEventListener("abort", cancelled, { once: true });
      if (this.#signal.aborted) cancelled();
      void work.then(resolve, reject).finally(() => this.#signal.removeEventListener("abort", cancelled));
    });
  }

  #throwIfCancelled(): void {
    if (this.#signal.aborted) throw new Cancelled();
  }
}

function leaderOf(cluster: Cluster): ClusterNode | undefined {
  return cluster.nodes.find((node) => node.id === cluster.leader_id);
}
