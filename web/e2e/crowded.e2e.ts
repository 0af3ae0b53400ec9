// Many faults at once, measured: nothing lies on anything, words are whole, what does not fit can be scrolled to.
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { TestCluster } from "./support/cluster";
import { Dashboard, launch } from "./support/dashboard";
import { FAULTS, inject } from "./support/faults";

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

describe.each([3, 5, 7])("%i nodes with all kinds of faults", (count) => {
  const names = Array.from({ length: count }, (_, i) => `node${i + 1}`);
  const faults = FAULTS[count]!;
  let cluster: TestCluster;
  let dashboard: Dashboard;

  beforeAll(async () => {
    cluster = await TestCluster.start(names);
    for (let i = 1; i <= 12; ++i) {
      await fetch(`${cluster.url()}/keys/user/${i}`, { method: "PUT", body: JSON.stringify({ value: `visit ${i}` }) });
    }
    await inject(faults, cluster);
  });
  afterAll(() => cluster?.stop());
  afterEach(async () => {
    expect(dashboard.complaints).toEqual([]);
    await dashboard.close();
  });

  it.each([
    [1280, 720],
    [900, 700],
    [390, 844],
  ])("at %i x %i", async (width, height) => {
    dashboard = await Dashboard.open(browser, cluster.url(), "#/cluster", { viewport: { width, height } });
    for (const node of faults.down) await dashboard.untilLook(node, "down");
    await dashboard.untilLook(faults.isolated, "partitioned");
    await expect.poll(() => dashboard.labelOf(faults.isolated)).toBe("✕");
    if (faults.delayed) await expect.poll(() => dashboard.labelOf(faults.delayed!)).toBe("120 ms");
    if (faults.lossy) await expect.poll(() => dashboard.labelOf(faults.lossy!)).toBe("30%");
    if (faults.cut) await expect.poll(() => dashboard.labelOf(faults.cut!.join("/"))).toBe("✕");
    await dashboard.page.locator("[data-index]").first().waitFor();
    await expect.poll(() => overlaps(dashboard)).toEqual([]);
    await expect.poll(() => cutOff(dashboard)).toEqual([]);
    await expect.poll(() => dashboard.fits()).toBe(true);
    await expect.poll(() => entryCanBeRead(dashboard)).toBe(true);
  });
});

// Pairs of boxes in the drawing that lie on each other. A node's label sits on its own circle.
function overlaps(dashboard: Dashboard): Promise<string[]> {
  return dashboard.page.locator("[aria-labelledby] svg[role=img]").evaluate((drawing) => {
    const boxes = [...drawing.querySelectorAll("[data-label], [data-mark] > circle:not(.ring), [data-mark] > text")]
      .filter((part) => part.tagName !== "circle" || part.getAttribute("fill") === "currentColor")
      .map((part) => ({
        what: part.textContent || "circle",
        node: part.closest("[data-mark]")?.getAttribute("data-mark"),
        box: part.getBoundingClientRect(),
      }))
      .filter(({ box }) => box.width > 0);
    return boxes.flatMap((a, i) =>
      boxes.slice(i + 1).flatMap((b) => {
        if (a.node && a.node === b.node) return [];
        const apart =
          a.box.right <= b.box.left ||
          b.box.right <= a.box.left ||
          a.box.bottom <= b.box.top ||
          b.box.bottom <= a.box.top;
        return apart ? [] : [`${a.node ?? ""} ${a.what} / ${b.node ?? ""} ${b.what}`];
      }),
    );
  });
}

// Words of pills and cards that end in dots, and parts of the drawing beyond its edge.
function cutOff(dashboard: Dashboard): Promise<(string | null)[]> {
  return dashboard.page.locator("#column-cluster").evaluate((column) => {
    const short = [...column.querySelectorAll("[data-node] .truncate, [data-pill] dt, [data-pill] dd")].filter(
      (words) => words.scrollWidth > words.clientWidth,
    );
    const outside = [...column.querySelectorAll("[data-mark] text, [data-label]")].filter((part) => {
      const box = part.closest("svg")!.getBoundingClientRect();
      const { left, right, top, bottom } = part.getBoundingClientRect();
      return left < box.left || right > box.right || top < box.top || bottom > box.bottom;
    });
    return [...short, ...outside].map((part) => part.textContent);
  });
}

// The last column of the log, scrolled to: it is inside the panel, and wide enough for a word or two.
function entryCanBeRead(dashboard: Dashboard): Promise<boolean> {
  return dashboard.page
    .locator("[data-index] td:last-child")
    .first()
    .evaluate((entry) => {
      entry.scrollIntoView({ inline: "end", block: "nearest" });
      const panel = entry.closest("section")!.getBoundingClientRect();
      const { right, width } = entry.getBoundingClientRect();
      return right <= panel.right && width >= 80;
    });
}
