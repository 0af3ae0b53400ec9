// Every mode of the Chaos tab, seen in the drawing and known to the servers.
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { TestCluster } from "./support/cluster";
import { Dashboard, launch } from "./support/dashboard";
import { eventually } from "./support/eventually";

let cluster: TestCluster;
let browser: Browser;
let dashboard: Dashboard;

beforeAll(async () => {
  [cluster, browser] = await Promise.all([TestCluster.start(), launch()]);
});
afterAll(() => Promise.all([cluster?.stop(), browser?.close()]));
beforeEach(async () => {
  dashboard = await Dashboard.open(browser, cluster.url());
  await dashboard.untilPill("health", "HEALTHY");
});
afterEach(async () => {
  await dashboard.go("#/chaos");
  await dashboard.press("Heal all");
  await dashboard.untilPill("health", "HEALTHY");
  await expect.poll(() => cluster.rules()).toBe(0);
  expect(dashboard.complaints).toEqual([]);
  await dashboard.close();
  await cluster.agreed();
});

it("isolates a follower", async () => {
  const target = (await cluster.leader()) === "node3" ? "node2" : "node3";
  const other = target === "node3" ? "node1/node3" : "node1/node2";
  await dashboard.go("#/chaos/isolate");
  await dashboard.field("Node").selectOption(target);
  await dashboard.press("Isolate");
  await dashboard.untilPill("health", "PARTITIONED");
  await dashboard.untilLook(target, "partitioned");
  await dashboard.untilEdge(other, "partitioned");
  await expect.poll(() => dashboard.labelOf(target)).toBe("✕");
  await dashboard.untilEvent("chaos", `${target} isolated`);
  // What it sends is lost, and reported as lost.
  await dashboard.page.locator('[data-pulse="lost"]').first().waitFor({ state: "attached" });
  await dashboard.page.getByRole("region", { name: "Active rules" }).getByText("drop").first().waitFor();
});

it("isolates the leader, and shows who takes over", async () => {
  const before = await cluster.leader();
  await dashboard.go("#/chaos/isolate");
  await dashboard.field("Node").selectOption(before);
  await dashboard.press("Isolate");
  await dashboard.untilLook(before, "partitioned");
  await eventually("another leader", async () => !["—", before].includes(await dashboard.pill("leader")));
  await dashboard.untilEvent("leader_change", `after ${before}`);
  await dashboard.untilEvent("term_change", /Term \d+/);
});

it("partitions a pair", async () => {
  await dashboard.go("#/chaos/partition");
  await dashboard.field("Between").selectOption("node1");
  await dashboard.field("and").selectOption("node3");
  await dashboard.page.locator('form[data-fault="partition"] button').click();
  await dashboard.untilEdge("node1/node3", "partitioned");
  await expect.poll(() => dashboard.labelOf("node1/node3")).toBe("✕");
  await dashboard.untilPill("health", "PARTITIONED");
  await dashboard.untilEvent("chaos", "node1 and node3 partitioned");
  await expect.poll(() => dashboard.page.locator('[data-look="partitioned"]').count()).toBe(0);
});

it("delays a node", async () => {
  await dashboard.go("#/chaos/delay");
  await dashboard.field("Node").selectOption("node2");
  await dashboard.field("Delay").fill("120");
  await dashboard.field("Jitter").fill("10");
  await dashboard.page.locator('form[data-fault="delay"] button').click();
  await dashboard.untilEdge("node1/node2", "delayed");
  await dashboard.untilEdge("node2/node3", "delayed");
  await expect.poll(() => dashboard.labelOf("node2")).toBe("120 ms");
  await dashboard.untilEvent("chaos", "node2 delayed by 120 ± 10 ms");
  await expect.poll(() => dashboard.pill("health")).toContain("HEALTHY");
});

it("loses messages of a node", async () => {
  await dashboard.go("#/chaos/loss");
  await dashboard.field("Node").selectOption("node3");
  await dashboard.field("Messages lost 30%").press("ArrowRight");
  await dashboard.press("Lose messages");
  await dashboard.untilEdge("node1/node3", "lossy");
  await expect.poll(() => dashboard.labelOf("node3")).toBe("35%");
  await dashboard.untilEvent("chaos", "node3 loses 35% of its messages");
  await dashboard.page.locator('[data-pulse="lost"]').first().waitFor({ state: "attached" });
});

it("shows faults that somebody else injected", async () => {
  await cluster.post("/api/cluster/chaos/loss", { node: "node2", loss_rate: 0.5 }, "node3");
  await dashboard.untilEdge("node1/node2", "lossy");
  await expect.poll(() => dashboard.labelOf("node2")).toBe("50%");
  await dashboard.page.getByRole("link", { name: /rules in force/ }).waitFor();
});

it("draws a fault in one direction as such", async () => {
  const rule = { id: "one-way", from_node: "node1", to_node: "node2", action: "delay", params: { delay_ms: 40 } };
  await cluster.post("/api/chaos/apply", { rules: [rule] }, "node1");
  await dashboard.untilEdge("node1/node2", "delayed");
  await expect.poll(() => dashboard.labelOf("node1/node2")).toMatch(/^40 ms [→↘↓↙←↖↑↗]$/);
});
