// The page as a whole: what it shows, every tab, addresses, windows of all sizes.
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { TestCluster } from "./support/cluster";
import { Dashboard, launch } from "./support/dashboard";
import { eventually } from "./support/eventually";

let cluster: TestCluster;
let browser: Browser;
let dashboard: Dashboard;
const open = async (...args: [hash?: string, options?: Parameters<typeof Dashboard.open>[3]]) =>
  (dashboard = await Dashboard.open(browser, cluster.url(), ...args));

beforeAll(async () => {
  [cluster, browser] = await Promise.all([TestCluster.start(), launch()]);
});
afterAll(() => Promise.all([cluster?.stop(), browser?.close()]));
afterEach(async () => {
  expect(dashboard.complaints).toEqual([]);
  await dashboard.close();
});

it("shows the live cluster", async () => {
  await open();
  await dashboard.untilPill("health", "HEALTHY");
  const leader = await eventually("the page and the servers name one leader", async () => {
    const shown = await dashboard.pill("leader");
    return shown === (await cluster.leader()) && shown;
  });
  await expect.poll(() => dashboard.pill("nodes")).toBe("3/3");
  await dashboard.untilLook(leader, "leader");
  await expect.poll(() => dashboard.page.locator("[data-node]").count()).toBe(3);
  await expect.poll(() => dashboard.page.locator("[data-edge]").count()).toBe(3);
  // Pulses come from the leader, because that is who sends.
  await dashboard.page.locator('[data-pulse="append"]').first().waitFor({ state: "attached" });
  await dashboard.page.locator("[data-index]").first().waitFor();
});

describe("every tab", () => {
  it.each([
    ["Scenarios", "#/scenarios/happy-path", "Happy path"],
    ["Chaos", "#/chaos/isolate", "Isolate"],
    ["KV ops", "#/kv/keys", "Keys"],
    ["Members", "#/members/list", "Membership"],
    ["Settings", "#/settings/election-timeout", "Election timeout"],
  ])("%s is a click away, has an address, and explains what is chosen", async (title, hash, explained) => {
    await open("#/timeline");
    await dashboard.page.getByRole("tab", { name: title }).click();
    await dashboard.page.waitForURL(`**/${hash}`);
    await dashboard.page.getByRole("complementary", { name: new RegExp(`^Explanation: ${explained}`) }).waitFor();
  });

  it.each([
    ["#/scenarios/slow-follower", "Slow follower"],
    ["#/chaos/loss", "Loss"],
    ["#/kv/delete", "DELETE"],
    ["#/settings/heartbeat", "Heartbeat"],
  ])("%s opens where it says", async (hash, explained) => {
    await open(hash);
    await dashboard.page.getByRole("complementary", { name: new RegExp(`^Explanation: ${explained}`) }).waitFor();
  });

  it("can be reached by keyboard alone", async () => {
    await open();
    const focused = () => dashboard.page.evaluate(() => document.activeElement?.textContent);
    await eventually("Tab reaches the tabs", async () => {
      await dashboard.page.keyboard.press("Tab");
      return (await focused()) === "Scenarios";
    });
    await dashboard.page.keyboard.press("ArrowRight");
    await expect.poll(focused).toBe("Chaos");
    await dashboard.page.getByRole("button", { name: "Heal all" }).waitFor();
    await dashboard.page.keyboard.press("Tab");
    await expect.poll(focused).toBe("Heal all");
  });
});

it("remembers preferences and the timeline over a reload", async () => {
  await open("#/kv/put");
  await dashboard.field("Key").fill("remember");
  await dashboard.press("PUT");
  await dashboard.untilEvent("kv", "PUT remember");
  await dashboard.go("#/settings");
  await dashboard.field("Auto-heal delay").fill("7");
  await dashboard.press(/^Colours: as the system/);
  await dashboard.page.reload();
  await dashboard.untilEvent("kv", "PUT remember");
  await expect.poll(() => dashboard.field("Auto-heal delay").inputValue()).toBe("7");
  await expect.poll(() => dashboard.page.evaluate(() => document.documentElement.dataset["theme"])).toBe("light");
});

describe("windows", () => {
  it.each([
    [1280, 720],
    [1920, 1080],
    [900, 700],
  ])("%i x %i: three columns that fit", async (width, height) => {
    await open("#/chaos", { viewport: { width, height } });
    for (const column of ["Cluster state", "Controls", "Timeline"]) {
      await expect.poll(() => dashboard.page.getByRole("region", { name: column, exact: true }).isVisible()).toBe(true);
    }
    await expect.poll(() => dashboard.fits()).toBe(true);
  });

  it("390 x 844: a column at a time", async () => {
    await open("#/cluster", { viewport: { width: 390, height: 844 }, hasTouch: true });
    const visible = (name: string) => dashboard.page.getByRole("region", { name, exact: true }).isVisible();
    const seen = async () => [await visible("Cluster state"), await visible("Controls"), await visible("Timeline")];
    await expect.poll(seen).toEqual([true, false, false]);
    await dashboard.page.getByRole("tab", { name: "Timeline" }).tap();
    await expect.poll(seen).toEqual([false, false, true]);
    await dashboard.page.getByRole("tab", { name: "Controls" }).tap();
    await expect.poll(seen).toEqual([false, true, false]);
    for (const tab of ["#/scenarios", "#/chaos/delay", "#/kv/keys", "#/kv/get", "#/settings"]) {
      await dashboard.go(tab);
      await expect.poll(() => dashboard.fits()).toBe(true);
    }
  });
});

it("moves nothing where a person asked for that", async () => {
  await open("", { reducedMotion: "reduce" });
  await dashboard.page.locator('[data-pulse="append"]').first().waitFor({ state: "attached" });
  // Of the marks that are there, and of which some are.
  const animations = () =>
    dashboard.page
      .locator("[data-pulse]")
      .evaluateAll((pulses) => [...new Set(pulses.map((pulse) => getComputedStyle(pulse).animationName))]);
  await expect.poll(animations).toEqual(["none"]);
});

it("is dark where the system is", async () => {
  const background = () => dashboard.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await open("", { colorScheme: "dark" });
  const dark = await eventually("a background", background);
  await dashboard.page.emulateMedia({ colorScheme: "light" });
  await expect.poll(background).not.toBe(dark);
});
