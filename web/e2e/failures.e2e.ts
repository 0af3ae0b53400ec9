// Nodes that die and return, among them the one that serves the page; and clusters of other sizes.
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { TestCluster } from "./support/cluster";
import { Dashboard, launch } from "./support/dashboard";
import { eventually } from "./support/eventually";

let browser: Browser;
let dashboard: Dashboard;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());
afterEach(() => dashboard.close());

describe("three nodes", () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await TestCluster.start();
  });
  afterAll(() => cluster?.stop());

  it("shows a node that is killed, and its return", async () => {
    dashboard = await Dashboard.open(browser, cluster.url("node1"), "#/settings");
    await dashboard.untilPill("health", "HEALTHY");
    await cluster.kill("node3");
    await dashboard.untilEvent("node_down", "node3 is down");
    await dashboard.untilLook("node3", "down");
    await dashboard.untilPill("health", "DEGRADED");
    await expect.poll(() => dashboard.pill("nodes")).toBe("2/3");
    await dashboard.untilEdge("node1/node3", "down");

    await dashboard.press("Apply to all nodes");
    await dashboard.page
      .locator('[data-refused="true"]', { hasText: "Applied to 2 of 3 nodes, not to node3" })
      .waitFor();

    cluster.revive("node3");
    await dashboard.untilEvent("node_up", "node3 is up");
    await dashboard.untilPill("health", "HEALTHY");
    await expect.poll(() => dashboard.pill("nodes")).toBe("3/3");
    expect(dashboard.complaints).toEqual([]);
  });

  it("shows a leader that is killed, and who follows it", async () => {
    await cluster.agreed();
    const leader = await cluster.leader();
    const other = cluster.names.find((name) => name !== leader)!;
    dashboard = await Dashboard.open(browser, cluster.url(other));
    await dashboard.untilPill("leader", leader);
    await cluster.kill(leader);
    await dashboard.untilLook(leader, "down");
    await eventually("another leader", async () => !["—", leader].includes(await dashboard.pill("leader")));
    await dashboard.untilEvent("leader_change", `after ${leader}`);
    cluster.revive(leader);
    await dashboard.untilPill("health", "HEALTHY");
    expect(dashboard.complaints).toEqual([]);
  });

  it("says that it is reconnecting while its own node is away, and recovers", async () => {
    await cluster.agreed();
    dashboard = await Dashboard.open(browser, cluster.url("node2"));
    await dashboard.untilPill("health", "HEALTHY");
    await cluster.kill("node2");
    await dashboard.page.locator('[data-stream="reconnecting"]').waitFor();
    await dashboard.page.getByText("Reconnecting to node2").waitFor();
    await dashboard.untilEvent("stream", "Event stream lost");
    cluster.revive("node2");
    await dashboard.page.locator('[data-stream="open"]').waitFor();
    await dashboard.page.getByText("Reconnecting to node2").waitFor({ state: "detached" });
    await dashboard.untilEvent("stream", "Event stream is back");
    await dashboard.untilPill("health", "HEALTHY");
  });
});

describe("other sizes", () => {
  it("one node: its own majority, and nothing to break", async () => {
    const cluster = await TestCluster.start(["alone"]);
    try {
      dashboard = await Dashboard.open(browser, cluster.url(), "#/chaos");
      await dashboard.untilPill("health", "HEALTHY");
      await dashboard.page.getByText("it is its own majority").waitFor();
      await dashboard.page.getByText("A node on its own has no links to break.").waitFor();
      await dashboard.go("#/scenarios/leader-crash");
      await dashboard.page.getByText("It takes at least 3 nodes.").waitFor();
      await dashboard.go("#/scenarios/happy-path");
      await dashboard.press("Run");
      await dashboard.page.locator('[data-outcome="passed"]').waitFor();
      expect(dashboard.complaints).toEqual([]);
    } finally {
      await cluster.stop();
    }
  });

  it("seven nodes with long names: everything fits", async () => {
    const names = Array.from({ length: 7 }, (_, i) => `kv-production-eu-west-replica-${i + 1}.example`);
    const cluster = await TestCluster.start(names);
    try {
      dashboard = await Dashboard.open(browser, cluster.url(), "#/chaos");
      await dashboard.untilPill("nodes", "7/7");
      await expect.poll(() => dashboard.page.locator("[data-edge]").count()).toBe(21);
      await expect.poll(() => dashboard.fits()).toBe(true);
      const column = dashboard.page.locator("#column-cluster");
      await expect.poll(() => column.evaluate((element) => element.scrollWidth <= element.clientWidth)).toBe(true);
      // Nothing of a node is cut off by the edge of the drawing.
      const sticksOut = () =>
        dashboard.page.locator("[data-mark] text, [data-mark] circle:not(.ring)").evaluateAll((parts) =>
          parts
            .filter((part) => {
              const box = part.closest("svg")!.getBoundingClientRect();
              const { left, right, top, bottom } = part.getBoundingClientRect();
              return left < box.left || right > box.right || top < box.top || bottom > box.bottom;
            })
            .map((part) => part.textContent),
        );
      await expect.poll(sticksOut).toEqual([]);
      expect(dashboard.complaints).toEqual([]);
    } finally {
      await cluster.stop();
    }
  });
});
