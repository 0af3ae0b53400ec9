// The laboratory in a real browser over a real server: every incident both ways, a fork, a shared link, all sizes.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import type { Incident, Trace } from "../src/api/lab";
import { TestCluster } from "./support/cluster";
import { launch } from "./support/dashboard";
import { eventually } from "./support/eventually";

let cluster: TestCluster;
let browser: Browser;
let page: Page;
const complaints: string[] = [];

beforeAll(async () => {
  [cluster, browser] = await Promise.all([TestCluster.start(["node1"]), launch()]);
});
afterAll(() => Promise.all([cluster?.stop(), browser?.close()]));

// As somebody who has seen the tour, unless it is what is looked at.
const open = async (path: string, width = 1280, height = 720, toured = true) => {
  page = await browser.newPage({ viewport: { width, height } });
  if (toured) await page.addInitScript(() => localStorage.setItem("raftly-lab-tour-seen", "yes"));
  page.setDefaultTimeout(60_000);
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  await page.goto(cluster.url() + path);
  await page.getByRole("heading", { name: "Verdicts" }).waitFor();
};
const pictures = () => page.getByRole("slider");
const verdicts = () => page.locator("section", { has: page.getByRole("heading", { name: "Verdicts" }) });
const state = () => page.locator("section", { has: page.getByRole("heading", { name: /^At / }) });
const cursor = async () => Number(await pictures().first().getAttribute("aria-valuenow"));

beforeEach(() => {
  complaints.length = 0;
});
afterEach(async () => {
  expect(complaints).toEqual([]);
  await page?.close();
});

it("shows every incident of the catalogue, damaged without its defence and whole with it", async () => {
  const incidents = await cluster.get<Incident[]>("/api/lab/incidents");
  expect(incidents.length).toBeGreaterThan(5);
  await open("/lab");
  for (const incident of incidents) {
    await page.getByRole("button", { name: incident.title }).click();
    await page.getByRole("heading", { name: incident.title }).waitFor();
    expect(new URL(page.url()).pathname).toBe(`/lab/${incident.name}`);
    if (incident.waits_for) {
      await page.getByText("It cannot be run here yet").waitFor();
      await expect.poll(() => pictures().count()).toBe(0);
      continue;
    }
    await expect.poll(() => pictures().count()).toBe(2);
    await expect.poll(() => verdicts().getByText("No judge has found any damage").count()).toBeGreaterThanOrEqual(1);
    if (incident.measure) {
      const fewer = incident.measure === "acknowledged";
      await expect
        .poll(async () => {
          const row = verdicts().locator("tr.font-semibold").getByRole("cell");
          const [without, with_] = (await row.allTextContents()).slice(1).map(Number);
          return fewer ? without! < with_! : without! > with_!;
        })
        .toBe(true);
    } else {
      await expect.poll(() => verdicts().getByText("Broken:").count()).toBeGreaterThan(0);
    }
  }
});

it("has the catalogue by rule and by system as well", async () => {
  await open("/lab");
  const catalogue = page.locator("section", { has: page.getByRole("heading", { name: "What went wrong" }) });
  await page.getByLabel("Order of the incidents").selectOption("system");
  await catalogue.getByRole("heading", { name: "Consul", exact: true }).waitFor();
  await page.getByLabel("Order of the incidents").selectOption("rule");
  await catalogue.getByRole("heading", { name: "Raft 5.4.2" }).waitFor();
});

it("surprises with a seed of the simulator, whose faults are in the trace", async () => {
  await open("/lab/free");
  // The seed that comes next is 4.
  await page.addInitScript(() => {
    Math.random = () => 3.5e-6;
  });
  await page.reload();
  await expect.poll(() => pictures().count()).toBe(1);
  const [run] = await Promise.all([
    page.waitForResponse((response) => response.url().endsWith("/api/lab/run")),
    page.getByRole("button", { name: "Surprise me" }).click(),
  ]);
  const trace = await eventually("the trace", () => run.json() as Promise<Trace>);
  expect(trace.experiment.swarm).toBe(4);
  expect(trace.events.filter(({ e }) => e === "fault").length).toBeGreaterThan(0);
  await page.getByRole("heading", { name: "The simulator's seed 4" }).waitFor();
  await verdicts().getByText("No judge has found any damage").waitFor();
  await expect
    .poll(async () =>
      Number(await verdicts().getByRole("row", { name: "writes acknowledged" }).getByRole("cell").last().textContent()),
    )
    .toBeGreaterThan(0);
});

it("loses a message that is under way, and keeps what was before", async () => {
  await open("/lab/free");
  await expect.poll(() => pictures().count()).toBe(1);
  const picture = pictures().first();
  await picture.focus();
  const lose = page.getByRole("button", { name: /^Lose message/ });
  // Messages are under way for a millisecond: zoom in where there is a leader, and go on until there is one.
  for (let i = 0; i < 20; i++) await picture.press("ArrowRight");
  for (let i = 0; i < 22; i++) await picture.press("+");
  const message = await eventually("a message under way", async () => {
    for (let i = 0; i < 5 && (await lose.count()) === 0; i++) await picture.press("ArrowRight");
    return (await lose.first().getAttribute("aria-label", { timeout: 100 }))?.split(" ").at(-1);
  });
  const at = await eventually("the cursor", cursor);
  const past = await eventually("the state at the cursor", () => state().textContent());
  await page.getByRole("button", { name: `Lose message ${message}`, exact: true }).click();
  await page.getByText(new RegExp(`drop_message ${message}$`)).waitFor();
  await page.getByText("lost (dropped)").waitFor();
  await expect.poll(cursor).toBe(at);
  await expect.poll(() => state().textContent()).toBe(past);
});

it("gives a tour of five steps to whoever comes first, and never again", async () => {
  await open("/lab/ack-before-quorum", 1280, 720, false);
  const tour = page.getByRole("dialog");
  await tour.waitFor();
  for (let step = 1; step <= 5; step++) {
    await page.getByText(`${step} of 5`).waitFor();
    await page.locator(".tour-target").waitFor();
    await tour.getByRole("button", { name: step < 5 ? "Next" : "Close" }).click();
  }
  await expect.poll(() => tour.count()).toBe(0);
  await page.reload();
  await expect.poll(() => pictures().count()).toBe(2);
  await expect.poll(() => tour.count()).toBe(0);
  await page.getByRole("button", { name: "Tour" }).click();
  await tour.waitFor();
  await page.keyboard.press("Escape");
  await expect.poll(() => tour.count()).toBe(0);
});

it("saves what is in hand as a file that opens without a network", async () => {
  await open("/lab/ack-before-quorum");
  await expect.poll(() => pictures().count()).toBe(2);
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Save", exact: true }).click(),
  ]);
  expect(download.suggestedFilename()).toBe("raftly-ack-before-quorum.html");
  const directory = mkdtempSync(join(tmpdir(), "raftly-saved-"));
  const file = join(directory, "incident.html");
  await download.saveAs(file);
  await page.context().setOffline(true);
  await page.goto(`file://${file}`);
  await expect.poll(() => pictures().count()).toBe(2);
  await verdicts().getByText("put k=lost was acknowledged").waitFor();
  rmSync(directory, { recursive: true });
});

it("leads from a verdict to its evidence", async () => {
  await open("/lab/stale-read");
  await expect.poll(cursor).toBe(0);
  await page.getByRole("button", { name: "Show the evidence" }).click();
  await expect.poll(cursor).toBeGreaterThan(1000);
});

it("forks at the cursor, keeps the past, and takes it back", async () => {
  await open("/lab/free");
  await expect.poll(() => pictures().count()).toBe(1);
  const picture = pictures().first();
  await picture.focus();
  await picture.press("End");
  for (let i = 0; i < 12; i++) await picture.press("Shift+ArrowLeft");
  await expect.poll(cursor).toBeGreaterThan(500);
  await state().getByText("Leader").waitFor();
  const past = await eventually("the state at the cursor", () => state().textContent());
  await page.getByLabel("What", { exact: true }).selectOption("crash");
  await page.getByRole("button", { name: /^Do it at/ }).click();
  await page.getByText(/crash leader/).waitFor();
  await state().getByText("down").waitFor();
  await picture.press("ArrowLeft");
  await state().getByText("Leader").waitFor();
  await expect.poll(() => state().getByText("down").count()).toBe(0);
  await picture.press("ArrowRight");
  await state().getByText("down").waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect.poll(() => state().textContent()).toBe(past);
});

it("runs without a defence that is switched off, and shows the first difference", async () => {
  await open("/lab/free");
  await expect.poll(() => pictures().count()).toBe(1);
  await page.getByText("Switch off one").click();
  await page.getByText("commit by majority").click();
  await expect.poll(() => pictures().count()).toBe(2);
  await page.getByRole("button", { name: /^First difference/ }).click();
  await expect.poll(cursor).toBeGreaterThan(0);
});

it("is shared by a link that holds the whole experiment", async () => {
  await open("/lab/ack-before-quorum");
  await expect.poll(() => pictures().count()).toBe(2);
  await page.getByRole("button", { name: "Share" }).click();
  await page.waitForURL(/#.{20,}/);
  const finding = await eventually("a finding", () =>
    verdicts().getByText("put k=lost was acknowledged").textContent(),
  );
  const link = new URL(page.url());
  await page.close();
  await open(link.pathname + link.hash);
  await expect.poll(() => verdicts().getByText("put k=lost was acknowledged").first().textContent()).toBe(finding);
});

it.each([
  [1280, 720],
  [390, 844],
  [900, 700],
])("fits into %i by %i without scrolling sideways", async (width, height) => {
  await open("/lab/ack-before-quorum", width, height);
  await expect.poll(() => pictures().count()).toBe(2);
  await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
  for (const place of [0, 1]) {
    await expect
      .poll(async () => {
        const box = (await pictures().nth(place).boundingBox())!;
        return box.x >= 0 && box.x + box.width <= width && box.height > 120;
      })
      .toBe(true);
  }
});

it("lets time go down, too, by mouse and by keyboard, wide and narrow", async () => {
  for (const [width, height] of [
    [1280, 720],
    [390, 844],
  ] as const) {
    await page?.close();
    await open("/lab/ack-before-quorum", width, height);
    await expect.poll(() => pictures().count()).toBe(2);
    await page.getByRole("button", { name: "Time downwards" }).click();
    const picture = pictures().first();
    await expect.poll(() => picture.getAttribute("aria-orientation")).toBe("vertical");
    await picture.focus();
    await picture.press("ArrowDown");
    await expect.poll(cursor).toBeGreaterThan(0);
    await picture.click({ position: { x: 60, y: 300 } });
    await expect.poll(cursor).toBeGreaterThan(500);
    await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
  }
});

it("says what the server refuses", async () => {
  await open("/lab/free");
  complaints.length = 0;
  const { toLink } = await import("../src/features/lab/link");
  const link = await toLink({ format: 9, nodes: 3, seed: 1, duration_ms: 100, off: [], acts: [] });
  await page.goto(`${cluster.url()}/lab#${link}`);
  await page.reload();
  await page.getByRole("alert").waitFor();
  await expect.poll(() => page.getByRole("alert").textContent()).toContain("format: must be an integer from 1 to 1");
  // The browser itself notes every refusal.
  expect(complaints.every((line) => line.includes("400"))).toBe(true);
  complaints.length = 0;
});

it("is saved as a file that opens without a network", async () => {
  const lab = new URL("../../build/release/bin/raftly-lab", import.meta.url).pathname;
  const directory = mkdtempSync(join(tmpdir(), "raftly-page-"));
  const file = join(directory, "incident.html");
  writeFileSync(file, execFileSync(lab, ["page", "ack-before-quorum"], { maxBuffer: 1 << 28 }));
  page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
  await page.context().setOffline(true);
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => {
    if (!/^(file|data|blob):/.test(request.url())) complaints.push(request.url());
  });
  await page.goto(`file://${file}`);
  await expect.poll(() => pictures().count()).toBe(2);
  await verdicts().getByText("put k=lost was acknowledged").waitFor();
  await page.getByText("Switch off another").click();
  await page.getByText("pre-vote").click();
  await page.getByRole("alert").waitFor();
  rmSync(directory, { recursive: true });
});
