// The pictures in docs/: the main states of the dashboard, of real clusters.
import type { Browser, BrowserContextOptions } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, it } from "vitest";
import { TestCluster } from "./support/cluster";
import { Dashboard, launch } from "./support/dashboard";
import { FAULTS, inject } from "./support/faults";

const DOCS = new URL("../../docs/", import.meta.url).pathname;
// Not far from the usual ones, yet calm where the machine is busy.
const TIMINGS = { election_timeout_ms: 400, heartbeat_ms: 60 };
const LARGE: BrowserContextOptions = { viewport: { width: 1920, height: 1080 } };
const DARK: BrowserContextOptions = { colorScheme: "dark" };

let browser: Browser;
let cluster: TestCluster;
let dashboard: Dashboard;
beforeAll(async () => {
  [browser, cluster] = await Promise.all([launch(), TestCluster.start(["node1", "node2", "node3"], TIMINGS)]);
});
afterAll(() => Promise.all([browser?.close(), cluster?.stop()]));
beforeEach(() => cluster.agreed());
afterEach(async () => {
  await cluster.post("/api/cluster/chaos/heal");
  await dashboard.close();
});

async function open(hash: string, options: BrowserContextOptions = {}): Promise<void> {
  dashboard = await Dashboard.open(browser, cluster.url(), hash, { deviceScaleFactor: 1, ...options });
  await dashboard.untilPill("health", "HEALTHY");
}

async function write(count: number, to = cluster): Promise<void> {
  for (let i = 1; i <= count; ++i) {
    await fetch(`${to.url()}/keys/user/${i}`, { method: "PUT", body: JSON.stringify({ value: `visit ${i}` }) });
  }
}

// A moment in which messages are under way, so that the picture shows some.
async function shoot(name: string): Promise<void> {
  await dashboard.page.locator("[data-pulse]").first().waitFor({ state: "attached" });
  await dashboard.page.waitForTimeout(350);
  await dashboard.page.screenshot({ path: `${DOCS}${name}.png` });
}

it("healthy", async () => {
  await write(9);
  await open("#/scenarios/happy-path");
  await dashboard.press("Run");
  await dashboard.page.locator("[data-outcome]").waitFor();
  await shoot("dashboard");
});

it("the leader is cut off", async () => {
  await open("#/scenarios/leader-crash", DARK);
  await dashboard.press("Run");
  await dashboard.page.getByRole("timer").waitFor();
  await dashboard.page.locator('[data-status="running"]', { hasText: "Heal when" }).waitFor();
  await shoot("leader-crash");
});

it("the verdict", async () => {
  await open("#/scenarios/leader-crash", LARGE);
  await dashboard.press("Run");
  await dashboard.page.locator("[data-outcome]").waitFor();
  await shoot("verdict");
});

it("chaos", async () => {
  await open("#/chaos/delay", DARK);
  await cluster.post("/api/cluster/chaos/loss", { node: "node3", loss_rate: 0.3 });
  await cluster.post("/api/cluster/chaos/delay", { node: "node2", delay_ms: 60, jitter_ms: 10 });
  await dashboard.untilEdge("node1/node2", "delayed");
  await dashboard.untilEdge("node1/node3", "lossy");
  await shoot("chaos");
});

it("on a phone", async () => {
  await open("#/cluster", { viewport: { width: 390, height: 844 } });
  await shoot("phone");
});

it("members: one that is started, and one that is waited for", async () => {
  const grown = await TestCluster.start(["node1", "node2", "node3"], TIMINGS);
  try {
    await write(9, grown);
    await grown.post("/api/cluster/members", { id: "replica", ...(await grown.place("replica")), learner: true });
    grown.join("replica");
    await grown.post("/api/cluster/members/node3/replace", { id: "node4", ...(await grown.place("node4")) });
    dashboard = await Dashboard.open(browser, grown.url(), "#/members", { deviceScaleFactor: 1 });
    await dashboard.page.locator('[data-member="node4"][data-role="learner"]').waitFor();
    await dashboard.untilLook("replica", "learner");
    await shoot("members");
  } finally {
    await grown.stop();
  }
});

describe("the laboratory", () => {
  const enter = async (path: string, options: BrowserContextOptions = {}) => {
    await open("#/cluster", { viewport: { width: 1440, height: 900 }, ...options });
    const { page } = dashboard;
    await page.addInitScript(() => localStorage.setItem("raftly-lab-tour-seen", "yes"));
    await page.goto(cluster.url() + path);
    await page.getByRole("slider").first().waitFor();
    return page;
  };

  it("an acknowledged write that is in no log, with its evidence", async () => {
    const page = await enter("/lab/ack-before-quorum");
    await page.getByRole("button", { name: "Show the evidence" }).last().click();
    await page.waitForTimeout(350);
    await page.screenshot({ path: `${DOCS}lab.png` });
  });

  it("the catalogue, by rule", async () => {
    const page = await enter("/lab/figure-8", DARK);
    await page.getByLabel("Order of the incidents").selectOption("rule");
    await page.getByText("What happened, and the rule").click();
    await page.waitForTimeout(350);
    await page.screenshot({ path: `${DOCS}lab-catalogue.png` });
  });

  it("a fork", async () => {
    const page = await enter("/lab/free");
    const picture = page.getByRole("slider").first();
    await picture.focus();
    for (let i = 0; i < 8; i++) await picture.press("Shift+ArrowRight");
    await page.getByLabel("What", { exact: true }).selectOption("power_loss");
    await page.getByRole("button", { name: /^Do it at/ }).click();
    await page.getByText(/power_loss leader/).waitFor();
    for (let i = 0; i < 5; i++) await picture.press("ArrowRight");
    await page.waitForTimeout(500);
    await page.screenshot({ path: `${DOCS}lab-fork.png` });
  });
});

describe("seven nodes with all kinds of faults", () => {
  let crowd: TestCluster;
  beforeAll(async () => {
    crowd = await TestCluster.start(Array.from({ length: 7 }, (_, i) => `node${i + 1}`));
    await write(12, crowd);
    await inject(FAULTS[7]!, crowd);
  });
  afterAll(() => crowd?.stop());

  it.each([
    ["crowded", { viewport: { width: 1280, height: 720 } }],
    ["crowded-narrow", { viewport: { width: 900, height: 700 } }],
    ["crowded-phone", { viewport: { width: 390, height: 844 } }],
  ])("%s", async (name, options) => {
    dashboard = await Dashboard.open(browser, crowd.url(), name === "crowded-phone" ? "#/cluster" : "#/chaos", {
      deviceScaleFactor: 1,
      ...options,
    });
    await dashboard.untilLook("node7", "down");
    await dashboard.untilLook("node6", "partitioned");
    await shoot(name);
  });
});
