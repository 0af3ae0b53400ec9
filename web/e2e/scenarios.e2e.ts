// Every scenario run to its verdict on a real cluster, and the ways in which one can end early.
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
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
  await cluster.agreed();
  await openOn("node1");
});
afterEach(() => dashboard.close());

// The servers' election timeout is longer than usual here, so the fault has to last longer, too.
async function openOn(node: string): Promise<void> {
  dashboard = await Dashboard.open(browser, cluster.url(node), "#/settings");
  await dashboard.field("Auto-heal delay").fill("8");
  await dashboard.untilPill("health", "HEALTHY");
}

async function start(id: string): Promise<void> {
  await dashboard.go(`#/scenarios/${id}`);
  await dashboard.page.locator(`[data-scenario="${id}"]`).waitFor();
  await dashboard.press("Run");
}

interface Verdict {
  outcome: string;
  text: string;
  facts: Record<string, string>;
}

// What the run came to, once it did: the page draws a verdict as a whole and never changes it.
const verdict = (id: string) =>
  eventually(`a verdict of ${id}`, () =>
    dashboard.page.locator(`[data-scenario="${id}"] [data-outcome]`).evaluateAll(([box]): Verdict | undefined => {
      if (!box) return undefined;
      const facts = [...box.querySelectorAll("dl > div")].map((row) => [
        row.querySelector("dt")!.textContent,
        row.querySelector("dd")!.textContent,
      ]);
      return {
        outcome: box.getAttribute("data-outcome")!,
        text: box.querySelector("p")!.textContent!,
        facts: Object.fromEntries(facts) as Record<string, string>,
      };
    }),
  );

const steps = (id: string) =>
  dashboard.page
    .locator(`[data-scenario="${id}"] li`)
    .evaluateAll((items) => items.map((item) => item.getAttribute("data-status")));

const untilAllDone = (id: string) => expect.poll(async () => [...new Set(await steps(id))]).toEqual(["done"]);

const numbers = (text: string | undefined) => (text ?? "").match(/\d+/g)?.map(Number) ?? [];

describe("to the verdict", () => {
  afterEach(async () => {
    expect(dashboard.complaints).toEqual([]);
    await expect.poll(() => cluster.rules()).toBe(0);
  });

  it("happy path", async () => {
    const leader = await cluster.leader();
    await start("happy-path");
    const { outcome, text, facts } = await verdict("happy-path");
    expect(text).toContain(`All 5 writes were committed`);
    expect([outcome, facts["Leader"], facts["Time without a leader"]]).toEqual(["passed", leader, "none seen"]);
    const [before, after] = numbers(facts["Commit index"]);
    expect(after! - before!).toBeGreaterThanOrEqual(5);
    await untilAllDone("happy-path");
    await dashboard.untilEvent("scenario", "Happy path: passed");
  });

  it("leader crash", async () => {
    const leader = await cluster.leader();
    await start("leader-crash");
    await dashboard.untilLook(leader, "partitioned");
    const { outcome, text, facts } = await verdict("leader-crash");
    expect([outcome, text]).toEqual(["passed", expect.stringContaining(`replaced ${leader}`)]);
    expect(facts["Leader"]).toMatch(new RegExp(`^${leader} → node`));
    const [before, after] = numbers(facts["Term"]);
    expect(after).toBeGreaterThan(before!);
    expect(facts["Time without a leader"]).toMatch(/^\d+ ms$/);
    await untilAllDone("leader-crash");
    await expect.poll(() => cluster.leader()).not.toBe(leader);
  });

  it("leader crash, seen from the leader itself", async () => {
    const leader = await cluster.leader();
    await dashboard.close();
    await openOn(leader);
    await start("leader-crash");
    const { outcome, text } = await verdict("leader-crash");
    expect([outcome, text]).toEqual(["passed", expect.stringContaining("could not write")]);
  });

  it("minority partition", async () => {
    const leader = await cluster.leader();
    await start("minority-partition");
    const { outcome, text, facts } = await verdict("minority-partition");
    expect([outcome, text]).toEqual(["passed", expect.stringContaining("never won an election")]);
    expect([facts["Leader"], facts["Term"]]).toEqual([leader, expect.stringContaining("unchanged")]);
    expect(Object.entries(facts).find(([label]) => label.endsWith("missed"))?.[1]).toMatch(/^\d+ entries$/);
  });

  it("packet loss", async () => {
    await start("packet-loss");
    const { outcome, text, facts } = await verdict("packet-loss");
    expect([outcome, text]).toEqual(["passed", expect.stringContaining("no election was held")]);
    expect(numbers(facts["Messages lost"])[0]).toBeGreaterThan(0);
  });

  it("slow follower", async () => {
    await start("slow-follower");
    const { outcome, text } = await verdict("slow-follower");
    expect([outcome, text]).toEqual(["passed", expect.stringContaining("did not wait")]);
  });
});

describe("ending early", () => {
  it("heals when it is cancelled", async () => {
    await start("minority-partition");
    await dashboard.untilPill("health", "PARTITIONED");
    await dashboard.press("Cancel");
    const { outcome, text } = await verdict("minority-partition");
    expect([outcome, text]).toEqual(["cancelled", expect.stringContaining("Every fault has been healed.")]);
    await expect.poll(() => cluster.rules()).toBe(0);
    expect(dashboard.complaints).toEqual([]);
  });

  it("heals after an error in the middle, and says so", async () => {
    await dashboard.page.route("**/keys/**", (route) =>
      route.fulfill({ status: 507, body: '{"error":"no space left"}' }),
    );
    await start("packet-loss");
    const { outcome, text } = await verdict("packet-loss");
    expect([outcome, text]).toEqual(["failed", expect.stringContaining("no space left. Every fault has been healed.")]);
    await expect.poll(() => cluster.rules()).toBe(0);
    await expect.poll(() => steps("packet-loss")).toEqual(["done", "done", "failed", "waiting", "waiting"]);
  });

  it("heals as soon as its own node is back, where that died in the middle", async () => {
    await start("minority-partition");
    // Not what the page shows meanwhile: a slow one may be past it before it is looked at.
    await eventually("rules in force", async () => (await cluster.rules()) > 0);
    await cluster.kill("node1");
    const { outcome, text } = await verdict("minority-partition");
    expect([outcome, text]).toEqual(["failed", expect.stringContaining("This page goes on trying.")]);
    cluster.revive("node1");
    await eventually("no rules are left", async () => (await cluster.rules()) === 0);
  });

  it("heals when the page is reloaded in the middle", async () => {
    await start("slow-follower");
    await eventually("rules in force", async () => (await cluster.rules()) > 0);
    await dashboard.page.reload();
    const { outcome, text } = await verdict("slow-follower");
    expect([outcome, text]).toEqual(["cancelled", expect.stringContaining("The page was left")]);
    await eventually("no rules are left", async () => (await cluster.rules()) === 0);
    await dashboard.untilEvent("chaos", "All faults healed");
  });

  it("heals when the page is closed in the middle", async () => {
    await dashboard.go("#/settings");
    await dashboard.field("Auto-heal delay").fill("30");
    await start("slow-follower");
    await eventually("rules in force", async () => (await cluster.rules()) > 0);
    await dashboard.page.close({ runBeforeUnload: true });
    await eventually("no rules are left", async () => (await cluster.rules()) === 0);
  });

  it("does not start among other faults, and leaves those alone", async () => {
    await cluster.post("/api/cluster/chaos/delay", { node: "node2", delay_ms: 5, jitter_ms: 0 });
    await dashboard.untilEdge("node1/node2", "delayed");
    await start("packet-loss");
    const { outcome, text } = await verdict("packet-loss");
    expect([outcome, text]).toEqual(["unexpected", expect.stringContaining("heal them first")]);
    await expect.poll(() => cluster.rules()).toBeGreaterThan(0);
    await cluster.post("/api/cluster/chaos/heal");
  });
});
