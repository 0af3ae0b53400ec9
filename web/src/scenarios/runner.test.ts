// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { healAll, injectFault, type Fault } from "@/api/chaos";
import { putKey } from "@/api/keys";
import { RequestError } from "@/api/request";
import type { ClusterNode } from "@/api/types";
import { scenarios } from "@/scenarios";
import { createRunner } from "@/scenarios/runner";
import type { AppStore } from "@/state/state";
import { cluster, down, isolated, rulesOn, status, storeWith } from "@/test/fixtures";

vi.mock("@/api/chaos", async (original) => ({ ...(await original<object>()), injectFault: vi.fn(), healAll: vi.fn() }));
vi.mock("@/api/keys", () => ({ putKey: vi.fn() }));

// A cluster as far as scenarios see it: it commits what is written, and reacts to a fault as `onFault` says.
class StubCluster {
  commit_index = 10;
  nodes: Record<string, Partial<ClusterNode>> = {};
  onFault: (fault: Fault) => void = () => undefined;
  onHeal: () => void = () => undefined;

  constructor(readonly store: AppStore) {
    vi.mocked(injectFault).mockImplementation((fault) => {
      this.onFault(fault);
      return Promise.resolve([]);
    });
    vi.mocked(healAll).mockImplementation(() => {
      this.nodes = Object.fromEntries(
        Object.entries(this.nodes).map(([id, node]) => [id, { ...node, commit_index: this.commit_index }]),
      );
      this.onHeal();
      this.report();
      return Promise.resolve({});
    });
    vi.mocked(putKey).mockImplementation(() => {
      ++this.commit_index;
      this.report();
      return Promise.resolve({ data: undefined, node: "node1", status: 200, elapsed_ms: 4, version: 1 });
    });
    this.report();
  }

  report() {
    const base = { commit_index: this.commit_index };
    const all = ["node1", "node2", "node3"].map((id): [string, Partial<ClusterNode>] => [
      id,
      { ...base, ...this.nodes[id] },
    ]);
    const frame = status(cluster(3, Object.fromEntries(all)));
    this.store.dispatch({ type: "frame", frame, at: Date.now() });
  }

  // What the cluster does with itself `ms` from now.
  later(ms: number, nodes: Record<string, Partial<ClusterNode>>, commits = 0) {
    setTimeout(() => {
      this.nodes = { ...this.nodes, ...nodes };
      this.commit_index += commits;
      this.report();
    }, ms);
  }
}

const scenario = (id: string) => scenarios.find((each) => each.id === id)!;
let store: AppStore;
let stub: StubCluster;

beforeEach(() => {
  vi.useFakeTimers();
  store = storeWith();
  store.dispatch({ type: "served_by", node: "node2" });
  stub = new StubCluster(store);
});
afterEach(() => void vi.useRealTimers());

async function runToTheEnd(id: string) {
  const done = createRunner(store).run(scenario(id));
  await vi.runAllTimersAsync();
  await done;
  return store.get().runs.latest[id]!;
}

const fact = (run: { verdict?: { facts: { label: string; value: string }[] } }, label: string) =>
  run.verdict?.facts.find((each) => each.label === label)?.value;
const stepStatuses = (run: { steps: { status: string }[] }) => run.steps.map((step) => step.status);

const replaceLeader = () => {
  stub.onFault = () => {
    stub.nodes = { node1: { commit_index: 10 } };
    stub.later(
      200,
      { node2: { state: "Leader", term: 4, leader_id: "node2" }, node3: { term: 4, leader_id: "node2" } },
      1,
    );
    stub.later(250, { node1: { state: "PreCandidate", leader_id: "", commit_index: 10 } });
  };
  stub.onHeal = () => (stub.nodes["node1"] = { state: "Follower", term: 4, leader_id: "node2" });
};

describe("what is seen", () => {
  it("happy path: every write committed, everywhere, nothing injected", async () => {
    const run = await runToTheEnd("happy-path");
    expect(run.verdict).toMatchObject({ outcome: "passed" });
    expect(stepStatuses(run)).toEqual(["done", "done", "done"]);
    expect(fact(run, "Commit index")).toBe("10 → 15");
    expect(fact(run, "Time without a leader")).toBe("none seen");
    expect(putKey).toHaveBeenCalledTimes(5);
    expect(injectFault).not.toHaveBeenCalled();
    expect(healAll).not.toHaveBeenCalled();
  });

  it("leader crash: who replaced whom, after how long, and in which term", async () => {
    replaceLeader();
    const run = await runToTheEnd("leader-crash");
    expect(injectFault).toHaveBeenCalledWith({ kind: "isolate", node: "node1" }, expect.any(AbortSignal));
    expect(run.verdict).toMatchObject({ outcome: "passed" });
    expect(run.verdict?.sentence).toContain("node2 replaced node1 200 ms after the cut");
    expect(fact(run, "Leader")).toBe("node1 → node2");
    expect(fact(run, "Term")).toBe("3 → 4");
    expect(fact(run, "Time without a leader")).toBe("200 ms");
    expect(healAll).toHaveBeenCalledTimes(1);
  });

  it("leader crash: watches commits where the page itself comes from the node cut off", async () => {
    replaceLeader();
    store.dispatch({ type: "served_by", node: "node1" });
    const run = await runToTheEnd("leader-crash");
    expect(run.verdict).toMatchObject({ outcome: "passed" });
    expect(run.verdict?.sentence).toContain("could not write");
    expect(putKey).not.toHaveBeenCalled();
  });

  it("minority partition: the isolated node is behind, and never leads", async () => {
    stub.onFault = () => stub.later(300, { node3: { state: "PreCandidate", leader_id: "", commit_index: 10 } });
    stub.onHeal = () => (stub.nodes = {});
    const run = await runToTheEnd("minority-partition");
    expect(injectFault).toHaveBeenCalledWith({ kind: "isolate", node: "node3" }, expect.any(AbortSignal));
    expect(run.verdict).toMatchObject({ outcome: "passed" });
    expect(fact(run, "node3 missed")).toBe("3 entries");
    expect(fact(run, "Term")).toBe("3, unchanged");
  });

  it("packet loss: counts what the nodes report as lost", async () => {
    stub.onFault = () => {
      const links = [
        { from: "node1", to: "node3", appends: 9, votes: 0, losses: 4 },
        { from: "node1", to: "node2", appends: 9, votes: 0, losses: 0 },
      ];
      setTimeout(
        () =>
          store.dispatch({ type: "frame", frame: { type: "links", timestamp: 1, data: { links } }, at: Date.now() }),
        500,
      );
    };
    const run = await runToTheEnd("packet-loss");
    expect(injectFault).toHaveBeenCalledWith({ kind: "loss", node: "node3", loss_rate: 0.4 }, expect.any(AbortSignal));
    expect(run.verdict).toMatchObject({ outcome: "passed" });
    expect(fact(run, "Messages lost")).toBe("4 reported");
  });

  it("slow follower: not as expected where writes wait for it", async () => {
    vi.mocked(putKey).mockResolvedValue({ data: undefined, node: "node1", status: 200, elapsed_ms: 450, version: 1 });
    const run = await runToTheEnd("slow-follower");
    expect(run.verdict).toMatchObject({ outcome: "unexpected" });
    expect(run.verdict?.sentence).toContain("no faster than the slow node");
  });

  it("packet loss: not as expected where an election was held", async () => {
    stub.onFault = () =>
      stub.later(900, {
        node2: { state: "Leader", term: 4, leader_id: "node2" },
        node1: { state: "Follower", term: 4, leader_id: "node2" },
        node3: { term: 4, leader_id: "node2" },
      });
    const run = await runToTheEnd("packet-loss");
    expect(run.verdict).toMatchObject({ outcome: "unexpected" });
    expect(fact(run, "Leader")).toBe("node1 → node2");
  });
});

describe("healing", () => {
  it("comes after the delay set in Settings, not before", async () => {
    store.dispatch({ type: "preferences", change: { auto_heal_ms: 7_000 } });
    replaceLeader();
    const done = createRunner(store).run(scenario("leader-crash"));
    await vi.advanceTimersByTimeAsync(6_990);
    expect(healAll).not.toHaveBeenCalled();
    expect(store.get().runs.latest["leader-crash"]?.heal_at).toBeDefined();
    await vi.advanceTimersByTimeAsync(20);
    expect(healAll).toHaveBeenCalledTimes(1);
    await vi.runAllTimersAsync();
    await done;
  });

  it("comes on time even while a request hangs", async () => {
    vi.mocked(putKey).mockImplementation(
      (_key, _value, signal) =>
        new Promise((_, reject) => {
          signal?.addEventListener("abort", () => reject(new Error("aborted")));
        }),
    );
    const runner = createRunner(store);
    const done = runner.run(scenario("slow-follower"));
    await vi.advanceTimersByTimeAsync(4_010);
    expect(healAll).toHaveBeenCalledTimes(1);
    runner.cancel();
    await vi.runAllTimersAsync();
    await done;
  });

  it("ends the wait for what does not come, and says what was not seen", async () => {
    const run = await runToTheEnd("leader-crash");
    expect(run.verdict).toMatchObject({ outcome: "unexpected" });
    expect(run.verdict?.sentence).toMatch(/^Not seen within 4\.0 s: a new leader\./);
    expect(stepStatuses(run)).toEqual(["done", "done", "failed", "waiting", "waiting", "waiting"]);
    expect(healAll).toHaveBeenCalled();
  });

  it("follows an error in the middle, and is told", async () => {
    vi.mocked(putKey).mockRejectedValueOnce(new RequestError("disk full", 507));
    const run = await runToTheEnd("packet-loss");
    expect(run.verdict).toMatchObject({
      outcome: "failed",
      sentence: "It went wrong: disk full. Every fault has been healed.",
    });
    expect(healAll).toHaveBeenCalledTimes(1);
  });

  it("follows a cancellation at once", async () => {
    const runner = createRunner(store);
    const done = runner.run(scenario("minority-partition"));
    await vi.advanceTimersByTimeAsync(100);
    expect(healAll).not.toHaveBeenCalled();
    runner.cancel();
    await vi.advanceTimersByTimeAsync(0);
    await done;
    expect(healAll).toHaveBeenCalledTimes(1);
    expect(store.get().runs.latest["minority-partition"]?.verdict).toMatchObject({
      outcome: "cancelled",
      sentence: "Cancelled. Every fault has been healed.",
    });
    await vi.runAllTimersAsync();
    expect(healAll).toHaveBeenCalledTimes(1);
  });

  it("follows even where the injection itself fails: it may have got through", async () => {
    vi.mocked(injectFault).mockRejectedValueOnce(new RequestError("no answer within 15 s", 0));
    const run = await runToTheEnd("slow-follower");
    expect(run.verdict).toMatchObject({ outcome: "failed" });
    expect(healAll).toHaveBeenCalledTimes(1);
  });

  it("is tried for as long as it takes, also after the verdict, which says so", async () => {
    const working = vi.mocked(healAll).getMockImplementation()!;
    vi.mocked(healAll).mockRejectedValue(new RequestError("the node cannot be reached", 0));
    const done = createRunner(store).run(scenario("slow-follower"));
    await vi.advanceTimersByTimeAsync(30_000);
    await done;
    expect(store.get().runs.latest["slow-follower"]?.verdict).toMatchObject({
      outcome: "failed",
      sentence: expect.stringContaining("This page goes on trying."),
    });
    vi.mocked(healAll).mockReset().mockImplementation(working);
    await vi.runAllTimersAsync();
    expect(healAll).toHaveBeenCalledTimes(1);
    expect(store.get().timeline.events[0]?.title).toBe("All faults healed");
  });

  it("names a node that does not answer", async () => {
    vi.mocked(putKey).mockRejectedValueOnce(new RequestError("disk full", 507));
    vi.mocked(healAll).mockResolvedValue({ node1: "ok", node2: "ok", node3: "timeout" });
    const run = await runToTheEnd("packet-loss");
    expect(run.verdict?.sentence).toContain("except on node3, which did not answer");
  });

  it("is sent by a page that goes away in the middle", async () => {
    const runner = createRunner(store);
    const done = runner.run(scenario("slow-follower"));
    await vi.advanceTimersByTimeAsync(100);
    window.dispatchEvent(new Event("pagehide"));
    expect(healAll).toHaveBeenCalledWith({ keepalive: true });
    runner.cancel();
    await vi.runAllTimersAsync();
    await done;
  });
});

describe("what stands in the way", () => {
  it("does not start among faults of others", async () => {
    store.dispatch({ type: "frame", frame: { type: "chaos", timestamp: 1, data: isolated("node2") }, at: 1 });
    const run = await runToTheEnd("slow-follower");
    expect(run.verdict).toMatchObject({ outcome: "unexpected" });
    expect(run.verdict?.sentence).toContain("heal them first");
    expect(injectFault).not.toHaveBeenCalled();
    store.dispatch({ type: "frame", frame: { type: "chaos", timestamp: 1, data: rulesOn("node1", []) }, at: 1 });
  });

  it("does not start without all nodes", async () => {
    stub.nodes = { node3: down("node3") };
    stub.report();
    const run = await runToTheEnd("slow-follower");
    expect(run.verdict?.sentence).toContain("a healthy cluster");
    expect(injectFault).not.toHaveBeenCalled();
  });

  it("does not start while another one runs", async () => {
    const runner = createRunner(store);
    const first = runner.run(scenario("slow-follower"));
    await runner.run(scenario("happy-path"));
    expect(store.get().runs.running).toBe("slow-follower");
    expect(store.get().runs.latest).not.toHaveProperty("happy-path");
    await vi.runAllTimersAsync();
    await first;
  });
});

it("notes steps, faults and the verdict in the timeline", async () => {
  await runToTheEnd("slow-follower");
  const titles = store
    .get()
    .timeline.events.map(({ kind, title }) => `${kind}: ${title}`)
    .reverse();
  expect(titles).toEqual([
    "scenario: See that the cluster is healthy",
    "scenario: Delay a follower’s messages by 300 ms",
    "chaos: node3 delayed by 300 ± 0 ms",
    "scenario: Write 5 keys, and take the time",
    "scenario: Heal when the auto-heal delay is over",
    "chaos: All faults healed",
    "scenario: See the follower catch up",
    "scenario: Slow follower: passed",
  ]);
});
