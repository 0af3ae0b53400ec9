// What happened in the cluster while a scenario ran, as this page saw it.
import type { AppStore, State } from "@/state/state";

export interface Record {
  // Each leader in the order of appearance, the one at the start first.
  readonly leaders: readonly string[];
  readonly first_term: number;
  readonly last_term: number;
  readonly first_commit: number;
  readonly last_commit: number;
  // The time in which nobody led who could reach the others.
  leaderlessMs(): number;
  // Messages lost on links of the node, by the reports of the nodes themselves.
  lossesOf(node: string): number;
  // Whether the node was ever seen in the role.
  wasLeader(node: string): boolean;
}

export class Recorder implements Record {
  readonly leaders: string[] = [];
  readonly first_term: number;
  readonly first_commit: number;
  last_term = 0;
  last_commit = 0;
  readonly #store: AppStore;
  readonly #stop: () => void;
  readonly #losses = new Map<string, number>();
  #last_sequence: number;
  // Known here before any frame tells: a leader that is cut off leads nobody.
  #cut_off = "";
  #leaderless_since: number | null = null;
  #leaderless_ms = 0;

  constructor(store: AppStore) {
    this.#store = store;
    const state = store.get();
    this.#last_sequence = state.picture.traffic.at(-1)?.sequence ?? 0;
    this.first_term = state.picture.cluster?.term ?? 0;
    this.first_commit = commitOf(state);
    this.#see(state);
    this.#stop = store.subscribe(() => this.#see(store.get()));
  }

  stop(): void {
    this.#stop();
    this.#clock(true);
  }

  // "" where nobody is cut off any more.
  cutOff(node: string): void {
    this.#cut_off = node;
    this.#see(this.#store.get());
  }

  leaderlessMs(): number {
    return this.#leaderless_ms + (this.#leaderless_since === null ? 0 : performance.now() - this.#leaderless_since);
  }

  lossesOf(node: string): number {
    return this.#losses.get(node) ?? 0;
  }

  wasLeader(node: string): boolean {
    return this.leaders.includes(node);
  }

  #see(state: State): void {
    const { cluster, traffic } = state.picture;
    for (const { sequence, links } of traffic) {
      if (sequence <= this.#last_sequence) continue;
      this.#last_sequence = sequence;
      for (const { from, to, losses } of links) {
        for (const node of [from, to]) this.#losses.set(node, this.lossesOf(node) + losses);
      }
    }
    if (!cluster) return;
    const { leader_id } = cluster;
    if (leader_id && leader_id !== this.leaders.at(-1)) this.leaders.push(leader_id);
    this.last_term = Math.max(this.last_term, cluster.term);
    this.last_commit = Math.max(this.last_commit, commitOf(state));
    this.#clock(leader_id !== "" && leader_id !== this.#cut_off);
  }

  #clock(led: boolean): void {
    const now = performance.now();
    if (!led) {
      this.#leaderless_since ??= now;
    } else if (this.#leaderless_since !== null) {
      this.#leaderless_ms += now - this.#leaderless_since;
      this.#leaderless_since = null;
    }
  }
}

function commitOf({ picture }: State): number {
  return Math.max(0, ...(picture.cluster?.nodes.map((node) => node.commit_index) ?? []));
}
