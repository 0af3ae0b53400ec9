// The list of keys: what others write shows by itself, and what is written here overwrites nobody's change unseen.
import type { Browser, Locator, Route } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { TestCluster } from "./support/cluster";
import { Dashboard, launch } from "./support/dashboard";

let cluster: TestCluster;
let browser: Browser;
let dashboard: Dashboard;
// Each test has keys of its own.
let prefix: string;
let tests = 0;

beforeAll(async () => {
  [cluster, browser] = await Promise.all([TestCluster.start(), launch()]);
});
afterAll(() => Promise.all([cluster?.stop(), browser?.close()]));
beforeEach(() => void (prefix = `test${++tests}/`));
afterEach(() => dashboard.close());

const pathOf = (key: string) => `/keys/${encodeURIComponent(prefix + key)}`;
// The second writer, at another node than the page's.
const put = (key: string, value: string) => cluster.send("PUT", pathOf(key), { value }, "node2");
const remove = (key: string) => cluster.send("DELETE", pathOf(key), undefined, "node2");
const valueOf = async (key: string) => (await cluster.get<{ value?: string }>(pathOf(key))).value;

const row = (key: string) => dashboard.page.locator(`[data-key="${prefix}${key}"]`);
const rows = () => dashboard.page.getByRole("list", { name: "Keys" }).locator("[data-key]");
const shown = () => rows().evaluateAll((all) => all.map((each) => each.getAttribute("data-key")));
const expectShown = (...keys: string[]) => expect.poll(shown).toEqual(keys.map((key) => prefix + key));
const untilMode = (mode: string) => dashboard.page.locator(`[data-mode="${mode}"]`).waitFor();
const toggle = (key: string) => row(key).getByRole("button", { expanded: false }).first().click();
const press = (name: string, within: Locator) => within.getByRole("button", { name, exact: true }).click();

async function open(options: Parameters<typeof Dashboard.open>[3] = {}, before?: (d: Dashboard) => Promise<void>) {
  dashboard = await Dashboard.open(browser, cluster.url(), "#/kv/put", options);
  await before?.(dashboard);
  await dashboard.go("#/kv/keys");
  await dashboard.field("Prefix").fill(prefix);
  await dashboard.page.locator(`[data-prefix="${prefix}"]`).waitFor();
}

describe("what others do", () => {
  it("is listed in byte order with version and value, and shows by itself", async () => {
    const version = await put("b", "old");
    await put("😀", "last");
    await put("\uffee", "in UTF-16 it would be the last");
    await open();
    await expectShown("b", "\uffee", "😀");
    await untilMode("watching");
    await expect.poll(() => row("b").getAttribute("data-version")).toBe(String(version));
    await put("a", "new");
    await expectShown("a", "b", "\uffee", "😀");
    const newer = await put("b", "newer");
    await row("b").getByText("newer").waitFor();
    await expect.poll(() => row("b").getAttribute("data-version")).toBe(String(newer));
    await remove("a");
    await remove("😀");
    await expectShown("b", "\uffee");
    expect(dashboard.complaints).toEqual([]);
  });

  it("is marked for a moment, and nothing moves", async () => {
    await put("a", "1");
    await put("b", "1");
    await open();
    await untilMode("watching");
    await expectShown("a", "b");
    const placeOf = async (key: string) => (await row(key).boundingBox())?.y;
    let before: number | undefined;
    await expect.poll(async () => (before = await placeOf("b"))).toBeGreaterThan(0);
    await put("a", "2");
    await row("a").locator("[data-changed]").waitFor();
    await expect.poll(() => placeOf("b")).toBe(before);
    await row("a").locator("[data-changed]").waitFor({ state: "detached" });
    await expect.poll(() => row("b").locator("[data-changed]").count()).toBe(0);
  });

  it("shows without a watch, too, a little later", async () => {
    await put("a", "1");
    await open({}, ({ page }) => page.route("**/api/watch?*", (route) => route.fulfill({ status: 404, body: "{}" })));
    await untilMode("polling");
    await dashboard.page.getByText("No watch on this server: read again every 2 s").waitFor();
    await put("b", "2");
    await expectShown("a", "b");
  });

  it("shows after the page’s node was gone for a while", async () => {
    await put("a", "1");
    await open();
    await untilMode("watching");
    await cluster.kill("node1");
    await untilMode("broken");
    await put("b", "2");
    cluster.revive("node1");
    await untilMode("watching");
    await expectShown("a", "b");
  });

  it("is all there after a thousand changes side by side", async () => {
    await open();
    await untilMode("watching");
    const writer = async (seed: number) => {
      for (let i = 0; i < 100; ++i) {
        const key = `k${(i * 7 + seed * 13) % 40}`;
        await (i % 5 === 4 ? remove(key) : put(key, `${seed}.${i}`));
      }
    };
    await Promise.all(Array.from({ length: 10 }, (_, seed) => writer(seed)));
    const both = async () => {
      const { keys } = await cluster.get<{ keys: { key: string; version: number }[] }>(`/keys?prefix=${prefix}`);
      const seen = await rows().evaluateAll((all) =>
        all.map(({ dataset }) => `${dataset["key"]} ${dataset["version"]}`),
      );
      return seen.length > 0 && seen.join() === keys.map(({ key, version }) => `${key} ${version}`).join();
    };
    await expect.poll(both).toBe(true);
    expect(dashboard.complaints).toEqual([]);
  });

  it("comes in pages of 100, of which only those that were read are followed", async () => {
    const names = Array.from({ length: 130 }, (_, i) => `k${String(i).padStart(3, "0")}`);
    for (const name of names) await put(name, name);
    await open();
    await expectShown(...names.slice(0, 100));
    await untilMode("watching");
    await dashboard.page.getByText("The first 100 keys").waitFor();
    await put("k0005", "within");
    await put("k129", "beyond");
    await expect.poll(() => rows().count()).toBe(101);
    await dashboard.press("100 more");
    await expect.poll(() => rows().count()).toBe(131);
    await row("k129").getByText("beyond").waitFor();
    await dashboard.field("Prefix").fill(`${prefix}k12`);
    await expectShown(...names.slice(120));
  });
});

describe("a write", () => {
  it("that comes too late shows what is there, and overwrites it only when told to", async () => {
    await put("k", "first");
    await open();
    await toggle("k");
    await press("Edit", row("k"));
    await row("k").getByRole("textbox").fill("mine");
    const theirs = await put("k", "theirs");
    await row("k").getByText(`version ${theirs} is there now`).waitFor();
    await press("Save", row("k"));
    const conflict = row("k").locator("[data-conflict]");
    await conflict.getByText("theirs", { exact: true }).waitFor();
    await expect.poll(() => valueOf("k")).toBe("theirs");
    // Once more, before anybody has decided.
    const again = await put("k", "theirs again");
    await press(`Overwrite version ${theirs}`, row("k"));
    await conflict.getByText("theirs again", { exact: true }).waitFor();
    await press(`Overwrite version ${again}`, row("k"));
    await row("k").getByRole("button", { name: "Edit" }).waitFor();
    await expect.poll(() => valueOf("k")).toBe("mine");
  });

  it("that came too late can begin anew with what is there", async () => {
    await put("k", "first");
    await open();
    await toggle("k");
    await press("Edit", row("k"));
    await row("k").getByRole("textbox").fill("mine");
    await put("k", "theirs");
    await press("Save", row("k"));
    await press("Reload", row("k"));
    await expect.poll(() => row("k").getByRole("textbox").inputValue()).toBe("theirs");
    await row("k").getByRole("textbox").fill("theirs and mine");
    await press("Save", row("k"));
    await expect.poll(() => valueOf("k")).toBe("theirs and mine");
  });

  it("of a key that is gone keeps what was typed", async () => {
    await put("k", "first");
    await open();
    await untilMode("watching");
    await toggle("k");
    await press("Edit", row("k"));
    await row("k").getByRole("textbox").fill("mine");
    await remove("k");
    await row("k").getByText("Somebody deleted it meanwhile").waitFor();
    await press("Save", row("k"));
    await press("Create it again", row("k"));
    await row("k").getByRole("button", { name: "Edit" }).waitFor();
    await expect.poll(() => valueOf("k")).toBe("mine");
  });

  it("creates only what is not there", async () => {
    await put("taken", "theirs");
    await open();
    await expectShown("taken");
    await dashboard.press("New key…");
    await dashboard.field("New key").fill(`${prefix}taken`);
    await dashboard.field("Its value").fill("mine");
    await dashboard.press("Create");
    await dashboard.page.locator("[data-conflict]").getByText("theirs", { exact: true }).waitFor();
    await dashboard.field("New key").fill(`${prefix}free`);
    await dashboard.press("Create");
    await expectShown("free", "taken");
    await expect.poll(() => valueOf("free")).toBe("mine");
    await expect.poll(() => valueOf("taken")).toBe("theirs");
  });

  it("deletes only the version that was seen", async () => {
    await put("k", "seen");
    await open();
    await toggle("k");
    await press("Delete…", row("k"));
    const sure = row("k").getByRole("button", { name: /^Delete version/ });
    await sure.waitFor();
    const theirs = await put("k", "not seen");
    await row("k").getByText("not seen").first().waitFor();
    await sure.click();
    await row("k").locator("[data-conflict]").getByText("not seen", { exact: true }).waitFor();
    await expect.poll(() => valueOf("k")).toBe("not seen");
    await press(`Delete version ${theirs}`, row("k"));
    await expect.poll(() => valueOf("k")).toBeUndefined();
    await expect.poll(() => row("k").count()).toBe(0);
  });

  it("that nobody answered for is sent again, and happens once", async () => {
    await put("n", "40");
    await open();
    await untilMode("watching");
    const ids: (string | undefined)[] = [];
    const lose = async (route: Route) => {
      if (route.request().method() !== "POST") return route.fallback();
      ids.push(route.request().headers()["idempotency-key"]);
      // It reaches the server each time; twice the answer is lost.
      const response = await route.fetch();
      if (ids.length === 1) return route.fulfill({ status: 504, body: '{"error":"nobody knows"}' });
      return ids.length === 2 ? route.abort() : route.fulfill({ response });
    };
    await dashboard.page.route("**/keys/**", lose);
    await toggle("n");
    await row("n").getByLabel("Number to add").fill("2");
    await press("Add", row("n"));
    await expect.poll(() => ids.length).toBe(3);
    expect(new Set(ids)).toEqual(new Set([expect.stringMatching(/^[0-9a-f]{32}$/)]));
    await row("n").getByText("42").first().waitFor();
    await dashboard.untilEvent("kv", "added, version");
    await expect.poll(() => valueOf("n")).toBe("42");
  });

  it("says what the server refuses", async () => {
    await put("k", "v");
    await open();
    await dashboard.page.route("**/keys/**", (route) =>
      route.fulfill({ status: 501, body: '{"error":"node3 is too old for conditions"}' }),
    );
    await toggle("k");
    await press("Edit", row("k"));
    await press("Save", row("k"));
    await row("k").getByRole("alert").getByText("Not done: node3 is too old for conditions").waitFor();
  });

  it("is not offered to a session that may not", async () => {
    await put("n", "1");
    const session = { required: true, name: "onlooker", roles: ["read"], encrypted: false };
    const context = { viewport: { width: 1280, height: 720 } };
    await open(context, async ({ page }) => {
      await page.route("**/api/session", (route) => route.fulfill({ body: JSON.stringify(session) }));
      await page.reload();
    });
    await dashboard.page.getByText("This takes the role write, and the token “onlooker” has read.").first().waitFor();
    await toggle("n");
    for (const name of ["Edit", "Add", "Delete…"]) {
      await expect.poll(() => row("n").getByRole("button", { name, exact: true }).isDisabled()).toBe(true);
    }
    await expect.poll(() => dashboard.page.getByRole("button", { name: "New key…" }).isDisabled()).toBe(true);
  });
});

describe("whatever keys and values hold", () => {
  it.each([
    ["controls", "a\\n\\r\\t\\0b\\u{7f}", "a\n\r\t\0b\u007f"],
    ["spaces", "  a  b ", "  a  b "],
    ["slashes and dots", "../a//b/./?#%&+", "../a//b/./?#%&+"],
    ["other scripts", "日本語 שלום 👩‍👩‍👧", "日本語 שלום 👩‍👩‍👧"],
  ])("%s can be created, edited and deleted", async (_, typed, key) => {
    await open();
    await untilMode("watching");
    await dashboard.press("New key…");
    const escapes = typed !== key;
    if (escapes) await dashboard.page.getByLabel(/^Escapes/).check();
    await dashboard.field("New key").fill(prefix + typed);
    await dashboard.field("Its value").fill("");
    await dashboard.press("Create");
    await expectShown(key);
    await expect.poll(() => valueOf(key)).toBe("");
    await rows().getByText("an empty value").waitFor();
    await press("Edit", rows());
    if (escapes)
      await rows()
        .getByLabel(/^Escapes/)
        .check();
    await rows().getByRole("textbox").fill(typed);
    await press("Save", rows());
    await expect.poll(() => valueOf(key)).toBe(key);
    await press("Edit", rows());
    await expect.poll(() => rows().getByRole("textbox").inputValue()).toBe(typed.replace("\\n", "\n"));
    await press("Save", rows());
    await rows().getByRole("button", { name: "Edit" }).waitFor();
    await expect.poll(() => valueOf(key)).toBe(key);
    await press("Delete…", rows());
    await rows()
      .getByRole("button", { name: /^Delete version/ })
      .click();
    await dashboard.page.getByText("No keys").waitFor();
    await expect.poll(() => valueOf(key)).toBeUndefined();
    expect(dashboard.complaints).toEqual([]);
  });

  it.each([
    [1280, 720],
    [900, 700],
    [390, 844],
  ])("%i x %i: it fits, open or not", async (width, height) => {
    const long = "k".repeat(900);
    await put(long, "v".repeat(100_000));
    await put("a b", "lines\n".repeat(100));
    await open({ viewport: { width, height } });
    await expectShown("a b", long);
    await expect.poll(() => dashboard.fits()).toBe(true);
    await toggle(long);
    await expect.poll(() => dashboard.fits()).toBe(true);
    await press("Edit", row(long));
    await put(long, "w".repeat(100_000));
    await press("Save", row(long));
    await row(long).locator("[data-conflict]").waitFor();
    await dashboard.press("New key…");
    await expect.poll(() => dashboard.fits()).toBe(true);
    const wider = () =>
      dashboard.page
        .locator("#tab-kv, #tab-kv ul")
        .evaluateAll((boxes) => boxes.filter((box) => box.scrollWidth > box.clientWidth).length);
    await expect.poll(wider).toBe(0);
  });

  it("can be changed by keyboard alone", async () => {
    await put("k", "v");
    await open();
    await expectShown("k");
    const { keyboard } = dashboard.page;
    await row("k").getByRole("button", { expanded: false }).focus();
    await keyboard.press("Enter");
    await row("k").getByRole("button", { name: "Edit" }).waitFor();
    // Over the value, which can be scrolled.
    await keyboard.press("Tab");
    await keyboard.press("Tab");
    await keyboard.press("Enter");
    await row("k").getByRole("textbox").waitFor();
    await keyboard.press("ControlOrMeta+A");
    await keyboard.type("typed");
    for (const key of ["Tab", "Tab", "Enter"]) await keyboard.press(key);
    await expect.poll(() => valueOf("k")).toBe("typed");
  });
});
