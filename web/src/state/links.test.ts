import { describe, expect, it } from "vitest";
import { edgeFaultOf, edgeLabelOf, faultOf, installedRules, isPartitioned, nodeFaultOf } from "@/state/links";
import { isolated, rulesOn } from "@/test/fixtures";
import type { ChaosState, Rule } from "@/api/types";

const ALL = ["node1", "node2", "node3"];
const loss = (id: string, rate: number, ends: object) => ({
  id,
  action: "loss" as const,
  params: { loss_rate: rate },
  ...ends,
});
const delay = (id: string, ms: number, ends: object) => ({
  id,
  action: "delay" as const,
  params: { delay_ms: ms, jitter_ms: 5 },
  ...ends,
});

describe("faultOf", () => {
  it("finds nothing where nothing is installed or known", () => {
    expect(faultOf(null, "node1", "node2")).toEqual({ dropped: false, loss_rate: 0, delay_ms: 0, jitter_ms: 0 });
    expect(faultOf(rulesOn("node1", []), "node1", "node2").dropped).toBe(false);
  });

  it("reads an absent end as every node", () => {
    const chaos = rulesOn("node3", [{ id: "x", from_node: "node3", action: "drop" }]);
    expect(faultOf(chaos, "node3", "node1").dropped).toBe(true);
    expect(faultOf(chaos, "node3", "node2").dropped).toBe(true);
    expect(faultOf(chaos, "node1", "node3").dropped).toBe(false);
  });

  it("ignores rules on nodes that the message does not pass", () => {
    const chaos = rulesOn("node3", [{ id: "x", from_node: "node1", to_node: "node2", action: "drop" }]);
    expect(faultOf(chaos, "node1", "node2").dropped).toBe(false);
  });

  it("composes rules: losses are independent trials, delays add up", () => {
    const both = rulesOn("node1", [
      loss("a", 0.5, { to_node: "node2" }),
      loss("b", 0.5, { from_node: "node1" }),
      delay("c", 100, {}),
      delay("d", 20, {}),
    ]);
    expect(faultOf(both, "node1", "node2")).toEqual({ dropped: false, loss_rate: 0.75, delay_ms: 120, jitter_ms: 10 });
  });
});

describe("edgeFaultOf", () => {
  it("puts partition before loss before delay", () => {
    const rules = [delay("d", 200, { to_node: "node2" }), loss("l", 0.3, { to_node: "node2" })];
    expect(edgeFaultOf(rulesOn("node1", rules.slice(0, 1)), "node1", "node2")).toMatchObject({
      kind: "delayed",
      label: "200 ms",
    });
    expect(edgeFaultOf(rulesOn("node1", rules), "node1", "node2")).toMatchObject({ kind: "lossy", label: "30%" });
    const drop = { id: "x", to_node: "node2", action: "drop" as const };
    expect(edgeFaultOf(rulesOn("node1", [...rules, drop]), "node1", "node2")).toMatchObject({
      kind: "partitioned",
      label: "✕",
    });
  });

  it("names the direction where only one is affected", () => {
    const oneWay = rulesOn("node2", [{ id: "x", from_node: "node2", to_node: "node1", action: "drop" }]);
    expect(edgeFaultOf(oneWay, "node1", "node2").only).toEqual({ from: "node2", to: "node1" });
    expect(edgeFaultOf(isolated("node1"), "node1", "node2").only).toBeUndefined();
  });
});

describe("isPartitioned", () => {
  it("is true of the isolated node alone", () => {
    expect(ALL.map((id) => isPartitioned(isolated("node2"), id, ALL))).toEqual([false, true, false]);
  });

  it("is false where one pair is cut and a third node is left", () => {
    const pair = rulesOn("node1", [
      { id: "a", from_node: "node1", to_node: "node2", action: "drop" },
      { id: "b", from_node: "node2", to_node: "node1", action: "drop" },
    ]);
    expect(ALL.some((id) => isPartitioned(pair, id, ALL))).toBe(false);
  });

  it("is false of a node that has nobody to be cut from", () => {
    expect(isPartitioned(isolated("node1", ["node1"]), "node1", ["node1"])).toBe(false);
  });
});

it("installedRules tells on which node each rule is", () => {
  expect(installedRules(rulesOn("node2", [{ id: "x", action: "drop" }]))).toEqual([
    { id: "x", action: "drop", installed_on: "node2" },
  ]);
  expect(installedRules(null)).toEqual([]);
});

describe("nodeFaultOf", () => {
  const lossy = (node: string, rate: number) => [
    loss(`${node}-out`, rate, { from_node: node }),
    loss(`${node}-in`, rate, { to_node: node }),
  ];
  const of = (rules: Record<string, Rule[]>): ChaosState => ({
    peers: ALL.map((node) => ({ node, rules: rules[node] ?? [] })),
  });
  const faultyIn = (chaos: ChaosState) =>
    new Map(
      ALL.flatMap((node) => {
        const fault = nodeFaultOf(chaos, node, ALL);
        return fault ? [[node, fault] as const] : [];
      }),
    );

  it("is said of the node that all rules are about, and not of its links", () => {
    const chaos = of({ node2: lossy("node2", 0.3) });
    expect([...faultyIn(chaos)]).toEqual([["node2", { kind: "lossy", label: "30%" }]]);
    expect(edgeLabelOf(chaos, "node1", "node2", faultyIn(chaos))).toEqual({ label: "" });
  });

  it("is said of each of two, though the link between them has both", () => {
    const chaos = of({
      node1: lossy("node1", 0.3),
      node2: [delay("out", 120, { from_node: "node2" }), delay("in", 120, { to_node: "node2" })],
    });
    const faulty = faultyIn(chaos);
    expect([...faulty].map(([node, { label }]) => [node, label])).toEqual([
      ["node1", "30%"],
      ["node2", "120 ms"],
    ]);
    expect(edgeLabelOf(chaos, "node1", "node2", faulty)).toEqual({ label: "" });
  });

  it("is said of who is cut off, whatever rules do it", () => {
    const cut = (from: string, to: string) => ({ id: to, from_node: from, to_node: to, action: "drop" as const });
    const chaos = of({ node1: [cut("node1", "node2"), cut("node1", "node3")] });
    expect([...faultyIn(chaos)]).toEqual([["node1", { kind: "partitioned", label: "✕" }]]);
    expect(edgeLabelOf(chaos, "node1", "node3", faultyIn(chaos))).toEqual({ label: "" });
  });

  it("leaves what is wrong with one link, or one direction, to the links", () => {
    const one = of({ node1: [loss("a", 0.3, { from_node: "node1", to_node: "node2" })] });
    expect(faultyIn(one).size).toBe(0);
    expect(edgeLabelOf(one, "node1", "node2", new Map())).toEqual({
      label: "30%",
      only: { from: "node1", to: "node2" },
    });
    expect(faultyIn(of({ node1: [loss("a", 0.3, { from_node: "node1" })] })).size).toBe(0);
  });

  it("keeps on the link what is wrong with it beyond its ends", () => {
    const link = loss("link", 0.5, { from_node: "node2", to_node: "node1" });
    const chaos = of({ node2: [...lossy("node2", 0.3), link] });
    expect(edgeLabelOf(chaos, "node1", "node2", faultyIn(chaos))).toEqual({
      label: "50%",
      only: { from: "node2", to: "node1" },
    });
    expect(edgeLabelOf(chaos, "node2", "node3", faultyIn(chaos))).toEqual({ label: "" });
  });

  it("is done at the other ends of a Go node's links", () => {
    const chaos = of({ node2: lossy("node1", 0.3), node3: lossy("node1", 0.3) });
    expect([...faultyIn(chaos).keys()]).toEqual(["node1"]);
  });

  it("is nobody's of two", () => {
    expect(nodeFaultOf(of({ node1: lossy("node1", 0.3) }), "node1", ["node1", "node2"])).toBeUndefined();
  });
});
