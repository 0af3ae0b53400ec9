// The dashboard in headless Chromium, driven by what a person sees: names of buttons, labels of fields.
import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  chromium,
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type Locator,
  type Page,
} from "playwright-core";

const CHROMIUM = process.env["RAFTLY_CHROMIUM"] ?? "/usr/bin/chromium";
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
// While working on the page: a build of it that is tested instead of the one in the server.
const DIST = process.env["RAFTLY_DIST"];
// Ends what hangs; nothing takes that long when all is well.
export const PATIENCE_MS = 60_000;

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
}

export class Dashboard {
  // What a person would see in red in the console, and requests to anybody else.
  readonly complaints: string[] = [];

  private constructor(readonly page: Page) {}

  static async open(browser: Browser, url: string, hash = "", options: BrowserContextOptions = {}): Promise<Dashboard> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, ...options });
    context.setDefaultTimeout(PATIENCE_MS);
    if (DIST) await serveFrom(DIST, context, url);
    const page = await context.newPage();
    const dashboard = new Dashboard(page);
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") dashboard.complaints.push(message.text());
    });
    page.on("pageerror", (error) => dashboard.complaints.push(error.message));
    page.on("request", (request) => {
      if (!request.url().startsWith(url)) dashboard.complaints.push(`asked for ${request.url()}`);
    });
    await page.goto(`${url}/${hash}`);
    await page.locator('[data-stream="open"]').waitFor();
    await page.locator("[data-node]").first().waitFor({ state: "attached" });
    return dashboard;
  }

  close(): Promise<void> {
    return this.page.context().close();
  }

  go(hash: string): Promise<void> {
    return this.page.evaluate((to) => void (location.hash = to), hash);
  }

  press(name: string | RegExp): Promise<void> {
    return this.page.getByRole("button", { name, exact: true }).click();
  }

  field(label: string): Locator {
    return this.page
      .getByLabel(label, { exact: true })
      .and(this.page.locator("input:not([type=radio]), select, textarea"));
  }

  // Chooses one of a few, side by side.
  choose(title: string): Promise<void> {
    return this.page.locator('[role="tabpanel"]:not([hidden])').getByText(title, { exact: true }).first().click();
  }

  pill(name: string): Promise<string> {
    return this.page.locator(`[data-pill="${name}"] dd`).innerText();
  }

  // Resolves when the pill says so.
  async untilPill(name: string, text: string): Promise<void> {
    await this.page.locator(`[data-pill="${name}"] dd`, { hasText: text }).waitFor();
  }

  async untilLook(node: string, look: string): Promise<void> {
    await this.page.locator(`[data-node="${node}"][data-look="${look}"]`).waitFor();
    await this.page.locator(`[data-mark="${node}"][data-look="${look}"]`).waitFor({ state: "attached" });
  }

  async untilEdge(ends: string, kind: string): Promise<void> {
    await this.page.locator(`[data-edge="${ends}"][data-kind="${kind}"]`).waitFor({ state: "attached" });
  }

  // Of an edge ("node1/node2") or of a node.
  labelOf(what: string): Promise<string | null> {
    return this.page.locator(`[data-label="${what}"] text`).textContent();
  }

  async untilEvent(kind: string, text: string | RegExp): Promise<void> {
    await this.page
      .locator(`[role="log"] [data-kind="${kind}"]`, { hasText: text })
      .first()
      .waitFor({ state: "attached" });
  }

  // Nothing sticks out of the window or, sideways, of its column.
  fits(): Promise<boolean> {
    return this.page.evaluate(() => {
      const { scrollWidth, scrollHeight } = document.documentElement;
      const columns = [...document.querySelectorAll("main > section")].filter((column) => column.clientWidth > 0);
      return (
        scrollWidth <= innerWidth &&
        scrollHeight <= innerHeight &&
        columns.every((column) => {
          const { right, bottom } = column.getBoundingClientRect();
          return right <= innerWidth && bottom <= innerHeight && column.scrollWidth <= column.clientWidth;
        })
      );
    });
  }
}

function serveFrom(directory: string, context: BrowserContext, url: string): Promise<void> {
  return context.route(`${url}/**`, (route) => {
    const { pathname } = new URL(route.request().url());
    const path = join(directory, pathname === "/" ? "index.html" : pathname);
    return existsSync(path) && /\.\w+$/.test(path) ? route.fulfill({ path }) : route.fallback();
  });
}
