// The floors of README.md: a file imports from its own folder or from those below it, and features not from each other.
import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

const SOURCE = new URL("./", import.meta.url).pathname;
const FLOORS = ["api", "state", "scenarios", "components", "features", "app"];

const files = readdirSync(SOURCE, { recursive: true, encoding: "utf8" }).filter(
  (name) => /\.tsx?$/.test(name) && !/\.test\.|^test\/|^(main|lab)\.tsx$/.test(name),
);
const importsOf = (file: string) =>
  [...readFileSync(SOURCE + file, "utf8").matchAll(/from "@\/([^"]+)"/g)].map(([, path]) => path!);
const floorOf = (path: string) => FLOORS.indexOf(path.split("/")[0]!);
const featureOf = (path: string) => (path.startsWith("features/") ? path.split("/")[1] : undefined);

it("finds the files", () => expect(files.length).toBeGreaterThan(50));

it("no file imports from a floor above its own", () => {
  const wrong = files.flatMap((file) =>
    importsOf(file)
      .filter((path) => floorOf(path) > floorOf(file))
      .map((path) => `${file}: ${path}`),
  );
  expect(wrong).toEqual([]);
});

it("no feature imports another", () => {
  const others = (file: string) =>
    importsOf(file).filter((path) => featureOf(path) && featureOf(path) !== featureOf(file));
  const wrong = files.filter(featureOf).flatMap((file) => others(file).map((path) => `${file}: ${path}`));
  expect(wrong).toEqual([]);
});

it("no file is longer than a few screens", () => {
  expect(files.filter((file) => readFileSync(SOURCE + file, "utf8").split("\n").length > 220)).toEqual([]);
});
