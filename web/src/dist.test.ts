// What is committed in web/dist keeps what was promised of it.
import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

const DIST = new URL("../dist/", import.meta.url);
const assets = readdirSync(new URL("assets/", DIST));
const read = (name: string) => readFileSync(new URL(name, DIST), "utf8");
const script = assets.find((name) => name.endsWith(".js"))!;
const style = assets.find((name) => name.endsWith(".css"))!;

it("is one script and one style sheet, named after their content", () => {
  expect(assets.map((name) => name.replace(/[0-9a-f]{8}/, "#")).sort()).toEqual(["dashboard-#.css", "dashboard-#.js"]);
});

it("has less than 250 kB of JavaScript", () => {
  expect(Buffer.byteLength(read(`assets/${script}`))).toBeLessThan(250_000);
});

it("runs under a policy that forbids inline scripts", () => {
  const html = read("index.html");
  expect(html.match(/<script[^>]*>/g)).toEqual([`<script type="module" crossorigin src="/assets/${script}">`]);
  expect(html).not.toMatch(/ on\w+=| style=/);
});

it("asks nobody else for anything", () => {
  const addresses = [read("index.html"), read(`assets/${style}`)].join("").match(/(?:https?:)?\/\/[^\s"')]+/g) ?? [];
  expect(addresses.filter((address) => !address.startsWith("https://tailwindcss.com"))).toEqual([]);
});
