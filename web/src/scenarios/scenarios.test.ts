import { describe, expect, it } from "vitest";
import { scenarios } from "@/scenarios";
import { median, milliseconds, spread } from "@/scenarios/writes";

it("are the five of the contract, in its order", () => {
  expect(scenarios.map(({ title }) => title)).toEqual([
    "Happy path",
    "Leader crash",
    "Minority partition",
    "Packet loss",
    "Slow follower",
  ]);
});

describe.each(scenarios)("$title", ({ id, destructive, steps, explainer }) => {
  it("can be linked to", () => expect(id).toMatch(/^[a-z-]+$/));

  it("tells beforehand that it heals, if it breaks anything", () => {
    expect(steps.some((step) => step.startsWith("Heal"))).toBe(destructive);
  });

  it("explains itself in two or three sentences, with a section to read", () => {
    const sentences = explainer.text.split(/[.!?](?:\s|$)/).filter(Boolean);
    expect(sentences.length).toBeGreaterThanOrEqual(2);
    expect(sentences.length).toBeLessThanOrEqual(3);
    expect(explainer.section).toMatch(/§\d/);
  });
});

it("figures are read without thinking", () => {
  expect([milliseconds(1.234), milliseconds(12.6)]).toEqual(["1.2 ms", "13 ms"]);
  expect([spread([2.26, 8]), spread([9, 30]), spread([])]).toEqual(["2.3–8.0 ms", "9–30 ms", "—"]);
  expect([median([5, 1, 3]), median([1, 2, 3, 10])]).toEqual([3, 2.5]);
});
