// The rule that the browser tests keep: nothing that a person would wait for is read once. See test/oneTimeReads.ts.
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { oneTimeReads } from "@/test/oneTimeReads";

const E2E = new URL("../e2e/", import.meta.url).pathname;
const names = readdirSync(E2E, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));

const inTest = (body: string) => oneTimeReads({ "a.e2e.ts": `it("shows", async () => { ${body} });` }).length;

describe("no browser test reads once what a person would wait for", () => {
  it("finds the tests", () => expect(names.length).toBeGreaterThan(7));

  it("holds for all of them", () => {
    expect(oneTimeReads(Object.fromEntries(names.map((name) => [name, readFileSync(E2E + name, "utf8")])))).toEqual([]);
  });
});

describe("the rule", () => {
  it.each([
    "expect(await page.locator('p').innerText()).toBe('x');",
    "const seen = await page.locator('p').count(); expect(seen).toBe(1);",
    "const box = await page.locator('p').boundingBox();",
    "expect(await page.evaluate(() => document.title)).toBe('x');",
    "const seen = () => page.locator('p').isVisible(); expect(await seen()).toBe(true);",
    "const seen = () => page.locator('p').isVisible(); const both = async () => [await seen()]; const it = await both();",
    "expect(await cluster.rules()).toBe(0);",
  ])("forbids %s", (body) => expect(inTest(body)).toBeGreaterThan(0));

  it.each([
    "await expect.poll(() => page.locator('p').innerText()).toBe('x');",
    "const seen = () => page.locator('p').isVisible(); await expect.poll(seen).toBe(true);",
    "await expect.poll(async () => [await page.locator('p').count()]).toEqual([1]);",
    "const text = await eventually('a text', () => page.locator('p').innerText()); expect(text).toBe('x');",
    "await page.locator('p').waitFor();",
    "await page.evaluate((to) => void (location.hash = to), '#/chaos');",
  ])("allows %s", (body) => expect(inTest(body)).toBe(0));

  it("sees through a helper in another file", () => {
    const support = "export class Page { pill(name: string) { return this.page.locator(name).innerText(); } }";
    const once = 'it("shows", async () => { const pill = await page.pill("leader"); });';
    const retried = 'it("shows", () => expect.poll(() => page.pill("leader")).toBe("node1"));';
    expect(oneTimeReads({ "support.ts": support, "a.e2e.ts": once })).toHaveLength(1);
    expect(oneTimeReads({ "support.ts": support, "a.e2e.ts": retried })).toEqual([]);
  });
});
