import { expect, it } from "vitest";
import { shorten, shortNames } from "@/components/shorten";

it("cuts in the middle, and only what is too long", () => {
  expect(shorten("node1", 5)).toBe("node1");
  expect(shorten("abcdefghij", 7)).toBe("abc…hij");
});

it("leaves short names alone", () => {
  expect(shortNames(["node1", "node2"], 8)).toEqual(["node1", "node2"]);
});

it("takes away first what all names have in common", () => {
  const names = ["kv-prod-eu-replica-1.example", "kv-prod-eu-replica-2.example"];
  expect(shortNames(names, 12)).toEqual(["…-replica-1…", "…-replica-2…"]);
  expect(shortNames(names, 6)).toEqual(["…1…", "…2…"]);
});

it("keeps a common start that fits", () => {
  expect(shortNames(["raft-alpha-primary", "raft-beta-primary"], 14)).toEqual(["raft-alph…", "raft-bet…"]);
});

it.each([4, 6, 9, 12, 16])("keeps names different, and within %i characters", (length) => {
  const names = Array.from({ length: 7 }, (_, i) => `a-rather-long-name-of-replica-number-${i}-in-a-zone`);
  const short = shortNames(names, length);
  expect(new Set(short).size).toBe(7);
  expect(Math.max(...short.map((name) => name.length))).toBeLessThanOrEqual(length);
});

it("copes with one name, equal names and none", () => {
  expect(shortNames(["a-very-long-name"], 7)).toEqual(["a-v…ame"]);
  expect(shortNames(["same-same-same", "same-same-same"], 7).every((name) => name.length <= 7)).toBe(true);
  expect(shortNames([], 7)).toEqual([]);
});
