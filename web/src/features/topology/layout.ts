// Where nodes and edges go in a drawing of a given size.

export interface Point {
  x: number;
  y: number;
}

// Where a node's text is, as seen from the node.
export type TextSide = "below" | "left" | "right";

export interface Place extends Point {
  text: TextSide;
}

export interface Layout {
  places: Place[];
  // Of a node, scaled.
  radius: number;
  // By which the marks are larger than on a small drawing.
  scale: number;
  // How many characters of a name there is room for.
  name_length: number;
}

const RADIUS = 21;
// Two lines of text.
const LINES_HEIGHT = 32;
// The room above the outermost nodes, for what is written on them.
const HEAD = 14;
// How far above a node's circle the middle of that is.
export const BADGE = 4;
// The room beside the outermost nodes, for half or for all of their text.
const SIDE_BELOW = 70;
const SIDE_BESIDE = 108;

// The corners of a regular polygon, stretched to fill the box. Even polygons stand on an edge: fewer rows, more room.
// Where there are many nodes the text is beside them, since there are more rows than lines of text fit between.
export function placeNodes(count: number, width: number, height: number): Layout {
  const crowded = count > 3;
  const scale = Math.min(1.25, Math.max(1, Math.min(width / 430, height / 230)));
  const radius = (crowded ? RADIUS - 4 : RADIUS) * scale;
  const start = -Math.PI / 2 - (count % 2 === 0 ? Math.PI / count : 0);
  const corners = Array.from({ length: count }, (_, i): Point => {
    const angle = start + (2 * Math.PI * i) / count;
    return { x: Math.cos(angle), y: Math.sin(angle) };
  });
  const side = (crowded ? SIDE_BESIDE : SIDE_BELOW) * scale;
  const foot = crowded ? 6 : LINES_HEIGHT * scale;
  const xs = fill(
    corners.map(({ x }) => x),
    side,
    width - side,
  );
  const ys = fill(
    corners.map(({ y }) => y),
    radius + HEAD,
    height - radius - foot,
  );
  return {
    places: corners.map((corner, i) => ({
      x: xs[i]!,
      y: ys[i]!,
      text: !crowded ? "below" : corner.x < -1e-9 ? "left" : "right",
    })),
    radius,
    scale,
    name_length: crowded ? 10 : 18,
  };
}

// Scales values so that they span the range; all in the middle where they do not differ.
function fill(values: number[], low: number, high: number): number[] {
  const min = Math.min(...values);
  const span = Math.max(...values) - min;
  if (span < 1e-9) return values.map(() => (low + high) / 2);
  return values.map((value) => low + ((value - min) / span) * Math.max(0, high - low));
}

// The part of the line between two nodes that neither covers.
export function between(a: Point, b: Point, gap: number): [Point, Point] {
  const length = Math.hypot(b.x - a.x, b.y - a.y);
  if (length <= 2 * gap) return [a, b];
  return [along(a, b, gap / length), along(a, b, 1 - gap / length)];
}

export function along(a: Point, b: Point, part: number): Point {
  return { x: a.x + (b.x - a.x) * part, y: a.y + (b.y - a.y) * part };
}

// The arrow character that points from one node to another.
export function arrowOf(from: Point, to: Point): string {
  const eighth = Math.round(Math.atan2(to.y - from.y, to.x - from.x) / (Math.PI / 4));
  return "→↘↓↙←↖↑↗"[(eighth + 8) % 8]!;
}

// Where the first of a node's two lines of text starts, from its middle, before scaling.
export function textAt(side: TextSide, radius: number): Point & { anchor: "start" | "middle" | "end" } {
  switch (side) {
    case "below":
      return { anchor: "middle", x: 0, y: radius + 13 };
    case "left":
      return { anchor: "end", x: -radius - 6, y: -1 };
    case "right":
      return { anchor: "start", x: radius + 6, y: -1 };
  }
}
