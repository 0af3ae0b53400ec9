// What is committed in web/dist keeps what was promised of it.
import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

const DIST = new URL("../dist/", import.meta.url);
const assets = readdirSync(new URL("assets/", DIST));
const read = (name: string) => readFileSync(new URL(name, DIST), "utf8");
const find = (page: string, end: string) =>
  assets.find((name) => name.replace(/[0-9a-f]{8}/, "#") === `${page}-#${end}`)!;
const sizeOf = (asset: string) => Buffer.byteLength(read(`assets/${asset}`));
const PAGES = [
  { page: "dashboard", html: "index.html" },
  { page: "lab", html: "lab.html" },
];

// What each page begins with; the dashboard has some tabs that follow.
it("is one script and one style sheet for each page, and one script that follows, named after their content", () => {
  expect(assets.map((name) => name.replace(/[0-9a-f]{8}/, "#")).sort()).toEqual([
    "dashboard-#.css",
    "dashboard-#.js",
    "dashboard-tabs-#.js",
    "lab-#.css",
    "lab-#.js",
  ]);
});

it.each(PAGES)("the $page has less than 250 kB of JavaScript", ({ page }) => {
  expect(sizeOf(find(page, ".js"))).toBeLessThan(250_000);
});

it("what follows is less than 40 kB", () => {
  expect(sizeOf(find("dashboard-tabs", ".js"))).toBeLessThan(40_000);
});

it.each(PAGES)("the $page runs under a policy that forbids inline scripts", ({ page, html }) => {
  const script = find(page, ".js");
  expect(read(html).match(/<script[^>]*>/g)).toEqual([`<script type="module" crossorigin src="/assets/${script}">`]);
  expect(read(html)).not.toMatch(/ on\w+=| style=/);
});

it.each(PAGES)("the $page asks nobody else for anything", ({ page, html }) => {
  const addresses =
    [read(html), read(`assets/${find(page, ".css")}`)].join("").match(/(?:https?:)?\/\/[^\s"')]+/g) ?? [];
  expect(addresses.filter((address) => !address.startsWith("https://tailwindcss.com"))).toEqual([]);
});
