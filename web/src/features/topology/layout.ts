// Where nodes and edges go in a drawing of a given size.

export interface Point {
  x: number;
  y: number;
}

export interface Layout {
  points: Point[];
  radius: number;
  // How many characters of a name fit below a node.
  name_length: number;
}

// Two lines of text below each node, and as much beside it as a name needs.
const LINES_HEIGHT = 32;
const SIDE = 54;

// The corners of a regular polygon, stretched to fill the box. Even polygons stand on an edge: fewer rows, more room.
export function placeNodes(count: number, width: number, height: number): Layout {
  const radius = count <= 3 ? 22 : count <= 5 ? 19 : 16;
  const name_length = count <= 3 ? 18 : 14;
  const start = -Math.PI / 2 - (count % 2 === 0 ? Math.PI / count : 0);
  const corners = Array.from({ length: count }, (_, i): Point => {
    const angle = start + (2 * Math.PI * i) / count;
    return { x: Math.cos(angle), y: Math.sin(angle) };
  });
  const xs = fill(corners.map(({ x }) => x), SIDE, width - SIDE);
  const ys = fill(corners.map(({ y }) => y), radius + 6, height - radius - LINES_HEIGHT);
  return { points: corners.map((_, i) => ({ x: xs[i]!, y: ys[i]! })), radius, name_length };
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

// Edges that cross the middle carry their label off it, or all labels would lie on one another.
export function labelPart(i: number, j: number, count: number): number {
  const steps = Math.min(j - i, count - (j - i));
  return count >= 4 && steps > 1 ? 0.34 : 0.5;
}

// The arrow character that points from one node to another.
export function arrowOf(from: Point, to: Point): string {
  const eighth = Math.round(Math.atan2(to.y - from.y, to.x - from.x) / (Math.PI / 4));
  return "→↘↓↙←↖↑↗"[(eighth + 8) % 8]!;
}
