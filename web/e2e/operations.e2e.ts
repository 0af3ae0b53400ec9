// Keys and settings.
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { TestCluster } from "./support/cluster";
import { Dashboard, launch } from "./support/dashboard";

let cluster: TestCluster;
let browser: Browser;
let dashboard: Dashboard;

beforeAll(async () => {
  [cluster, browser] = await Promise.all([TestCluster.start(), launch()]);
});
afterAll(() => Promise.all([cluster?.stop(), browser?.close()]));
afterEach(() => dashboard.close());

let leader: string;
const follower = () => cluster.names.find((name) => name !== leader)!;
beforeEach(async () => {
  leader = await cluster.leader();
});

describe("KV ops", () => {
  // The newest answer, once there are `count`.
  const answer = async (count: number) => {
    const list = dashboard.page.getByRole("list", { name: "Answers, newest first" }).getByRole("listitem");
    await list.nth(count - 1).waitFor();
    return list.first().innerText();
  };

  it("writes, reads and deletes through a follower, and says who handled it", async () => {
    const asked = follower();
    dashboard = await Dashboard.open(browser, cluster.url(asked), "#/kv/put");
    await dashboard.field("Key").fill("a/b c/ä");
    await dashboard.field("Value").fill("some “value”");
    await dashboard.press("PUT");
    expect(await answer(1)).toContain(`Routed to leader ${leader}, by ${asked}`);
    expect(await cluster.get(`/keys/a/b%20c/${encodeURIComponent("ä")}`)).toEqual({
      key: "a/b c/ä",
      value: "some “value”",
    });
    await dashboard.choose("GET");
    await dashboard.press("GET");
    expect(await answer(2)).toContain("some “value”");
    await dashboard.choose("Stale, this node’s own");
    await dashboard.press("GET");
    expect(await answer(3)).toContain(`Answered by ${asked} alone`);
    await dashboard.choose("DELETE");
    await dashboard.press("DELETE");
    expect(await answer(4)).toContain("200");
    expect(dashboard.complaints).toEqual([]);
    await dashboard.choose("GET");
    await dashboard.choose("Linearizable");
    await dashboard.press("GET");
    expect(await answer(5)).toContain("There is no such key.");
  });

  it("says that the page’s own node is the leader", async () => {
    dashboard = await Dashboard.open(browser, cluster.url(leader), "#/kv/put");
    await dashboard.press("PUT");
    expect(await answer(1)).toContain(`Routed to leader ${leader}: this page’s own node`);
  });

  it("shows the entry in the log of every node", async () => {
    dashboard = await Dashboard.open(browser, cluster.url(), "#/kv/put");
    await dashboard.field("Key").fill("seen-in-the-log");
    await dashboard.press("PUT");
    const row = dashboard.page.locator("[data-index]", { hasText: "put seen-in-the-log" });
    await row.waitFor();
    await expect.poll(() => row.locator('[data-status="committed"]').count(), { timeout: 60_000 }).toBe(3);
  });

  it("does not send a key that the server would refuse", async () => {
    dashboard = await Dashboard.open(browser, cluster.url(), "#/kv/get");
    await dashboard.field("Key").fill("");
    expect(await dashboard.page.getByRole("button", { name: "GET", exact: true }).isDisabled()).toBe(true);
    await dashboard.page.getByText("A key is at least one byte long").waitFor();
  });
});

describe("Settings", () => {
  it("applies timings to all nodes", async () => {
    dashboard = await Dashboard.open(browser, cluster.url(), "#/settings");
    await expect.poll(() => dashboard.field("Election timeout").inputValue()).toBe("1000");
    await dashboard.field("Election timeout").fill("600");
    await dashboard.field("Heartbeat").fill("90");
    await dashboard.press("Apply to all nodes");
    await dashboard.page.getByText("Applied to all 3 nodes").first().waitFor();
    expect(await cluster.timings()).toEqual([
      [600, 90],
      [600, 90],
      [600, 90],
    ]);
    await dashboard.untilEvent("settings", "Election timeout 600 ms, heartbeat 90 ms");
    expect(dashboard.complaints).toEqual([]);
  });

  it("refuses a heartbeat that is not below the timeout, and hints at one above a fifth", async () => {
    const before = await cluster.timings();
    dashboard = await Dashboard.open(browser, cluster.url(), "#/settings");
    await dashboard.field("Election timeout").fill("300");
    await dashboard.field("Heartbeat").fill("300");
    await dashboard.page.getByText("The heartbeat must be below the election timeout").waitFor();
    expect(await dashboard.page.getByRole("button", { name: "Apply to all nodes" }).isDisabled()).toBe(true);
    await dashboard.field("Heartbeat").fill("100");
    await dashboard.page.getByText("More than a fifth").waitFor();
    expect(await cluster.timings()).toEqual(before);
  });

  it("shows what the server refuses", async () => {
    dashboard = await Dashboard.open(browser, cluster.url(), "#/settings");
    // A page may be older than its server: what the server says counts.
    await dashboard.page.route("**/api/cluster/config", (route) =>
      route.request().method() === "POST"
        ? route.continue({ postData: '{"heartbeat_ms":499,"election_timeout_ms":50}' })
        : route.continue(),
    );
    await dashboard.press("Apply to all nodes");
    await dashboard.page.locator('[data-refused="true"]', { hasText: "heartbeat_ms" }).waitFor();
  });

  it("resets to what a server starts with", async () => {
    dashboard = await Dashboard.open(browser, cluster.url(), "#/settings");
    await dashboard.field("Auto-heal delay").fill("9");
    await dashboard.press("Reset");
    expect(await dashboard.field("Election timeout").inputValue()).toBe("150");
    expect(await dashboard.field("Heartbeat").inputValue()).toBe("50");
    expect(await dashboard.field("Auto-heal delay").inputValue()).toBe("4");
  });
});
