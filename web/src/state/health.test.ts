import { expect, it } from "vitest";
import { healthOf } from "@/state/health";
import { cluster, down, isolated, rulesOn } from "@/test/fixtures";

it.each([
  ["UNKNOWN before the first report", null, null, "UNKNOWN"],
  ["HEALTHY where all are there and one leads", cluster(), null, "HEALTHY"],
  ["PARTITIONED where anything is dropped, however healthy the rest", cluster(), isolated("node3"), "PARTITIONED"],
  [
    "HEALTHY where messages are merely late",
    cluster(),
    rulesOn("node3", [{ id: "d", action: "delay", params: { delay_ms: 5 } }]),
    "HEALTHY",
  ],
  ["DEGRADED without a leader", cluster(3, { node1: { state: "Follower" } }), null, "DEGRADED"],
  ["DEGRADED with a majority", cluster(3, { node3: down("node3") }), null, "DEGRADED"],
  ["CRITICAL with exactly half", cluster(4, { node3: down("node3"), node4: down("node4") }), null, "CRITICAL"],
  ["CRITICAL with a minority", cluster(3, { node2: down("node2"), node3: down("node3") }), null, "CRITICAL"],
])("is %s", (_, picture, chaos, expected) => {
  expect(healthOf(picture, chaos)).toBe(expected);
});
