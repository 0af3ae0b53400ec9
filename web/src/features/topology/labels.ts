// Where the labels of edges go: nowhere near a node's mark and text, nor on one another.
import type { EdgeView } from "@/features/topology/edges";
import { along, arrowOf, BADGE, textAt, type Layout, type Point } from "@/features/topology/layout";

// The middle of it.
export interface Box extends Point {
  width: number;
  height: number;
}

export interface Label extends Box {
  edge: EdgeView;
  text: string;
}

export const LABEL_HEIGHT = 16;
const MARGIN = 2;
// Along an edge, best first. Edges that cross do so in the middle.
const PARTS = [0.5, 0.38, 0.62, 0.27, 0.73, 0.44, 0.56, 0.32, 0.68, 0.2, 0.8];
// Of two lines beside or below a node, in pixels of a small drawing.
const TEXT_HEIGHT = 28;

// Of small semibold text: rather more than less, for fonts differ.
export function widthOf(text: string): number {
  return [...text].reduce((width, letter) => width + (/[\d ]/.test(letter) ? 6.6 : 10), 10);
}

// What is shown of a node.
export interface NodeTexts {
  name: string;
  state: string;
  fault: string;
}

// A label for which there is no room is left out: the edge's look says the same, and its title all of it.
export function placeLabels(
  edges: readonly EdgeView[],
  ids: readonly string[],
  texts: readonly NodeTexts[],
  layout: Layout,
): Label[] {
  const points = new Map<string, Point>(ids.map((id, i) => [id, layout.places[i]!]));
  const taken = texts.flatMap((text, i) => nodeBoxes(text, i, layout));
  return edges.flatMap((edge) => {
    if (!edge.label) return [];
    const [a, b] = [points.get(edge.a)!, points.get(edge.b)!];
    const text = edge.only
      ? `${edge.label} ${arrowOf(points.get(edge.only.from)!, points.get(edge.only.to)!)}`
      : edge.label;
    const size = { width: widthOf(text), height: LABEL_HEIGHT };
    const place = PARTS.map((part): Box => ({ ...along(a, b, part), ...size })).find(
      (box) => !taken.some((other) => overlap(box, other)),
    );
    if (!place) return [];
    taken.push(place);
    return [{ ...place, edge, text }];
  });
}

export function nodeBoxes({ name, state, fault }: NodeTexts, i: number, { places, radius, scale }: Layout): Box[] {
  const place = places[i]!;
  const mark = { x: place.x, y: place.y, width: 2 * radius + 4, height: 2 * radius + 4 };
  const width = Math.max(name.length * 7.5, state.length * 6.5) * scale;
  const { anchor, x, y } = textAt(place.text, radius / scale);
  const middle = { start: width / 2, middle: 0, end: -width / 2 }[anchor];
  const text = {
    x: place.x + x * scale + middle,
    y: place.y + (y + 2) * scale,
    width,
    height: TEXT_HEIGHT * scale,
  };
  const badge = {
    x: place.x,
    y: place.y - radius - BADGE * scale,
    width: widthOf(fault) * scale,
    height: LABEL_HEIGHT * scale,
  };
  return fault ? [mark, text, badge] : [mark, text];
}

export function overlap(a: Box, b: Box): boolean {
  return (
    Math.abs(a.x - b.x) < (a.width + b.width) / 2 + MARGIN && Math.abs(a.y - b.y) < (a.height + b.height) / 2 + MARGIN
  );
}
