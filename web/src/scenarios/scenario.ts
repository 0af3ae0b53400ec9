// A scenario: what a person presses Run for, told as steps that are written down beforehand and ticked off as they happen.
import type { Answer } from "@/api/request";
import type { Fault } from "@/api/chaos";
import type { Cluster, ClusterNode } from "@/api/types";
import type { Record } from "@/scenarios/recorder";
import type { Fact } from "@/state/run";
import type { State } from "@/state/state";

export interface Scenario {
  // As in the address: #/scenarios/<id>.
  id: string;
  title: string;
  summary: string;
  // Fewer, and it would show nothing.
  min_nodes: number;
  // It injects a fault, and heals it after the delay set in Settings.
  destructive: boolean;
  steps: readonly string[];
  explainer: { text: string; section: string };
  run(lab: Lab): Promise<Conclusion>;
}

// What was seen. `passed`: it is what the scenario promises.
export interface Conclusion {
  passed: boolean;
  sentence: string;
  facts?: Fact[];
}

// What a running scenario can see and do. Everything here throws Cancelled once the run is cancelled.
export interface Lab {
  readonly record: Record;
  state(): State;
  cluster(): Cluster;
  node(id: string): ClusterNode;
  // Ticks off the next of the scenario's steps around `work`; `note` puts a remark beside it.
  step<Result>(work: (note: (text: string) => void) => Promise<Result>): Promise<Result>;
  // Until every node answers, somebody leads, and no fault is in force.
  untilHealthy(): Promise<ClusterNode>;
  // Until all nodes follow one leader and have committed what it has.
  untilAgreed(): Promise<ClusterNode>;
  // Until `condition` returns something. NotSeen at the moment at which the fault in force is healed, or after a fixed
  // time where there is none.
  until<Result>(what: string, condition: (state: State) => Result | false | null | undefined): Promise<Result>;
  // The follower to maltreat: not the node that serves this page, where there is a choice.
  chooseFollower(): string;
  // From here the delay set in Settings runs; when it is over the fault is healed, whatever else happens.
  inject(fault: Fault): Promise<void>;
  // Waits out that delay, and heals.
  healOnTime(): Promise<void>;
  put(key: string, value: string): Promise<Answer<undefined>>;
}

// The person had enough.
export class Cancelled extends Error {
  override readonly name = "Cancelled";
}

// Waited for in vain.
export class NotSeen extends Error {
  override readonly name = "NotSeen";
}
