import { describe, expect, it } from "vitest";
import { arrowOf, between, placeNodes } from "@/features/topology/layout";

describe.each([
  [430, 146],
  [430, 240],
  [374, 250],
  [640, 520],
])("placeNodes in %i x %i", (width, height) => {
  it.each([1, 2, 3, 4, 5, 6, 7])("keeps %i nodes inside and apart", (count) => {
    const { places, radius } = placeNodes(count, width, height);
    expect(places).toHaveLength(count);
    for (const { x, y } of places) {
      expect(x - radius).toBeGreaterThanOrEqual(0);
      expect(x + radius).toBeLessThanOrEqual(width);
      expect(y - radius).toBeGreaterThanOrEqual(0);
      expect(y + radius).toBeLessThanOrEqual(height);
    }
    for (const [i, a] of places.entries()) {
      for (const b of places.slice(i + 1)) expect(Math.hypot(a.x - b.x, a.y - b.y)).toBeGreaterThan(2 * radius);
    }
  });
});

it("puts the text beside the nodes where there are many, towards the outside", () => {
  expect(placeNodes(3, 430, 240).places.map(({ text }) => text)).toEqual(["below", "below", "below"]);
  expect(placeNodes(4, 430, 240).places.map(({ text }) => text)).toEqual(["left", "right", "right", "left"]);
});

it("leaves the nodes free at both ends of an edge", () => {
  expect(between({ x: 0, y: 0 }, { x: 100, y: 0 }, 20)).toEqual([
    { x: 20, y: 0 },
    { x: 80, y: 0 },
  ]);
});

it.each([
  [10, 0, "→"],
  [0, 10, "↓"],
  [-10, 0, "←"],
  [0, -10, "↑"],
  [-10, -10, "↖"],
])("points to %i, %i with %s", (x, y, arrow) => {
  expect(arrowOf({ x: 0, y: 0 }, { x, y })).toBe(arrow);
});
