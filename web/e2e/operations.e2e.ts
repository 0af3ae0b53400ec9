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
  // Until there are `count` answers and the newest one says so.
  const untilAnswer = (count: number, text: string) => {
    const list = dashboard.page.getByRole("list", { name: "Answers, newest first" }).getByRole("listitem");
    const newest = async () => [await list.count(), (await list.allInnerTexts())[0]];
    return expect.poll(newest).toEqual([count, expect.stringContaining(text)]);
  };

  it("writes, reads and deletes through a follower, and says who handled it", async () => {
    const asked = follower();
    dashboard = await Dashboard.open(browser, cluster.url(asked), "#/kv/put");
    await dashboard.field("Key").fill("a/b c/ä");
    await dashboard.field("Value").fill("some “value”");
    await dashboard.press("PUT");
    await untilAnswer(1, `Routed to leader ${leader}, by ${asked}`);
    await expect
      .poll(() => cluster.get(`/keys/a/b%20c/${encodeURIComponent("ä")}`))
      .toEqual({
        key: "a/b c/ä",
        value: "some “value”",
      });
    await dashboard.choose("GET");
    await dashboard.press("GET");
    await untilAnswer(2, "some “value”");
    await dashboard.choose("Stale, this node’s own");
    await dashboard.press("GET");
    await untilAnswer(3, `Answered by ${asked} alone`);
    await dashboard.choose("DELETE");
    await dashboard.press("DELETE");
    await untilAnswer(4, "200");
    expect(dashboard.complaints).toEqual([]);
    await dashboard.choose("GET");
    await dashboard.choose("Linearizable");
    await dashboard.press("GET");
    await untilAnswer(5, "There is no such key.");
  });

  it("says that the page’s own node is the leader", async () => {
    dashboard = await Dashboard.open(browser, cluster.url(leader), "#/kv/put");
    await dashboard.press("PUT");
    await untilAnswer(1, `Routed to leader ${leader}: this page’s own node`);
  });

  it("shows the entry in the log of every node", async () => {
    dashboard = await Dashboard.open(browser, cluster.url(), "#/kv/put");
    await dashboard.field("Key").fill("seen-in-the-log");
    await dashboard.press("PUT");
    const row = dashboard.page.locator("[data-index]", { hasText: "put seen-in-the-log" });
    await row.waitFor();
    await expect.poll(() => row.locator('[data-status="committed"]').count()).toBe(3);
  });

  it("does not send a key that the server would refuse", async () => {
    dashboard = await Dashboard.open(browser, cluster.url(), "#/kv/get");
    await dashboard.field("Key").fill("");
    await expect.poll(() => dashboard.page.getByRole("button", { name: "GET", exact: true }).isDisabled()).toBe(true);
    await dashboard.page.getByText("A key is at least one byte long").waitFor();
  });
});

describe("Settings", () => {
  // What is in force replaces the defaults as soon as it is known: typing waits for that.
  const openSettings = async () => {
    dashboard = await Dashboard.open(browser, cluster.url(), "#/settings");
    await expect
      .poll(async () => {
        const shown = [dashboard.field("Election timeout"), dashboard.field("Heartbeat")];
        const [in_force] = await cluster.timings();
        return [await shown[0]!.inputValue(), await shown[1]!.inputValue()].join() === in_force!.join();
      })
      .toBe(true);
  };

  it("applies timings to all nodes", async () => {
    await openSettings();
    await dashboard.field("Election timeout").fill("600");
    await dashboard.field("Heartbeat").fill("90");
    await dashboard.press("Apply to all nodes");
    await dashboard.page.getByText("Applied to all 3 nodes").first().waitFor();
    await expect
      .poll(() => cluster.timings())
      .toEqual([
        [600, 90],
        [600, 90],
        [600, 90],
      ]);
    await dashboard.untilEvent("settings", "Election timeout 600 ms, heartbeat 90 ms");
    expect(dashboard.complaints).toEqual([]);
  });

  it("refuses a heartbeat that is not below the timeout, and hints at one above a fifth", async () => {
    const before = await cluster.timings();
    await openSettings();
    await dashboard.field("Election timeout").fill("300");
    await dashboard.field("Heartbeat").fill("300");
    await dashboard.page.getByText("The heartbeat must be below the election timeout").waitFor();
    await expect.poll(() => dashboard.page.getByRole("button", { name: "Apply to all nodes" }).isDisabled()).toBe(true);
    await dashboard.field("Heartbeat").fill("100");
    await dashboard.page.getByText("More than a fifth").waitFor();
    await expect.poll(() => cluster.timings()).toEqual(before);
  });

  it("shows what the server refuses", async () => {
    await openSettings();
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
    await openSettings();
    await dashboard.field("Auto-heal delay").fill("9");
    await dashboard.press("Reset");
    await expect.poll(() => dashboard.field("Election timeout").inputValue()).toBe("150");
    await expect.poll(() => dashboard.field("Heartbeat").inputValue()).toBe("50");
    await expect.poll(() => dashboard.field("Auto-heal delay").inputValue()).toBe("4");
  });
});
