// The Members tab: a cluster that grows, is led by another, and shrinks, while the page is open.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { TestCluster } from "./support/cluster";
import { Dashboard, launch } from "./support/dashboard";

let cluster: TestCluster;
let browser: Browser;
let dashboard: Dashboard;

beforeAll(async () => {
  [cluster, browser] = await Promise.all([TestCluster.start(["node1"]), launch()]);
  dashboard = await Dashboard.open(browser, cluster.url(), "#/members");
});
afterAll(async () => {
  await dashboard?.close();
  await Promise.all([cluster?.stop(), browser?.close()]);
});

const row = (id: string) => dashboard.page.locator(`[data-member="${id}"]`);
const untilRole = (id: string, role: string) =>
  dashboard.page.locator(`[data-member="${id}"][data-role="${role}"]`).waitFor();
const press = (id: string, name: string) => row(id).getByRole("button", { name, exact: true }).click();
const options = (label: string) => dashboard.page.getByLabel(label, { exact: true }).locator("option").allInnerTexts();

// Takes a node in by the form, and starts it; resolves when it votes.
async function add(id: string): Promise<void> {
  const { grpc, http } = await cluster.place(id);
  const form = dashboard.page.getByRole("form", { name: "Add a node" });
  await form.getByLabel("Id").fill(id);
  await form.getByLabel("gRPC").fill(grpc);
  await form.getByLabel("HTTP").fill(http);
  await form.getByRole("button", { name: "Add", exact: true }).click();
  await untilRole(id, "learner");
  await dashboard.page.locator(`[data-mark="${id}"][data-role="learner"]`).waitFor({ state: "attached" });
  await expect.poll(() => row(id).innerText()).toContain(grpc);
  cluster.join(id);
  await untilRole(id, "voter");
  await dashboard.untilLook(id, "follower");
  await dashboard.untilEvent("member", `${id} is a voter`);
}

it("grows a cluster from one node to three", async () => {
  await untilRole("node1", "voter");
  await add("node2");
  await add("node3");
  await expect.poll(() => dashboard.pill("nodes")).toBe("3/3");
  await expect.poll(() => dashboard.pill("health")).toContain("HEALTHY");
  await expect.poll(() => dashboard.page.locator("[data-edge]").count()).toBe(3);
  await expect.poll(() => dashboard.page.locator("[data-node]").count()).toBe(3);
  await expect.poll(() => dashboard.fits()).toBe(true);
  // The narrowest window with three columns.
  await dashboard.page.setViewportSize({ width: 900, height: 720 });
  const tabs = dashboard.page.getByRole("tablist", { name: "Controls" });
  await expect.poll(() => tabs.evaluate((list) => list.scrollWidth <= list.clientWidth)).toBe(true);
  await expect.poll(() => dashboard.fits()).toBe(true);
  await dashboard.page.setViewportSize({ width: 1280, height: 720 });
  // Everybody is where the leader is.
  await expect.poll(() => row("node3").getByRole("meter").getAttribute("aria-valuenow")).toBe("100");
  await dashboard.go("#/chaos/isolate");
  await expect.poll(() => options("Node")).toEqual(["node1 (leader)", "node2", "node3"]);
  await dashboard.go("#/settings");
  await expect.poll(() => dashboard.page.getByRole("table", { name: "In force" }).getByRole("row").count()).toBe(1 + 3);
  await dashboard.go("#/kv/put");
  await dashboard.field("Key").fill("grown");
  await dashboard.press("PUT");
  const entry = dashboard.page.locator("[data-index]", { hasText: "put grown" });
  await expect.poll(() => entry.locator('[data-status="committed"]').count()).toBe(3);
  await dashboard.go("#/members");
});

it("hands the lead over", async () => {
  await press("node2", "Make leader");
  await expect.poll(() => dashboard.pill("leader")).toBe("node2");
  await dashboard.untilLook("node2", "leader");
  await row("node2").getByText("leader, voter").waitFor();
  await dashboard.untilEvent("leader_change", "node2 leads");
});

it("says what the server refuses", async () => {
  const form = dashboard.page.getByRole("form", { name: "Add a node" });
  await form.getByLabel("Id").fill("node2");
  await form.getByLabel("gRPC").fill("127.0.0.1:1");
  await form.getByLabel("HTTP").fill("127.0.0.1:2");
  await form.getByRole("button", { name: "Add", exact: true }).click();
  await form.getByText("node2 is a member already").waitFor();
});

it("puts another node in the place of one", async () => {
  const { grpc, http } = await cluster.place("node4");
  await press("node3", "Replace…");
  const form = dashboard.page.getByRole("form", { name: "In the place of node3" });
  await form.getByLabel("Id").fill("node4");
  await form.getByLabel("gRPC").fill(grpc);
  await form.getByLabel("HTTP").fill(http);
  await form.getByRole("button", { name: "Replace", exact: true }).click();
  await untilRole("node4", "learner");
  await row("node4").getByText("in the place of node3").waitFor();
  cluster.join("node4");
  await untilRole("node4", "voter");
  await row("node3").waitFor({ state: "detached" });
  await dashboard.page.locator('[data-mark="node3"]').waitFor({ state: "detached" });
  await dashboard.untilLook("node4", "follower");
  await expect.poll(() => dashboard.pill("nodes")).toBe("3/3");
  await dashboard.untilEvent("member", "node3 is no member any more");
});

it("takes one out once that is confirmed, and the page follows", async () => {
  await dashboard.go("#/chaos/isolate");
  await dashboard.page.getByLabel("Node", { exact: true }).selectOption("node4");
  await dashboard.go("#/members");
  await press("node4", "Remove…");
  await press("node4", "Remove node4");
  await row("node4").waitFor({ state: "detached" });
  await dashboard.page.locator('[data-mark="node4"]').waitFor({ state: "detached" });
  await expect.poll(() => dashboard.pill("nodes")).toBe("2/2");
  await dashboard.untilEvent("member", "node4 is no member any more");
  await dashboard.go("#/chaos/isolate");
  await expect.poll(() => options("Node")).toEqual(["node1", "node2 (leader)"]);
});
