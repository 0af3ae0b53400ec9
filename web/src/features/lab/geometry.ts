// Where things stand in a picture, and what is needed to draw one.

export interface View {
  // Milliseconds at the left and at the right edge.
  begin: number;
  end: number;
}

export interface Palette {
  ink: string;
  muted: string;
  line: string;
  panel: string;
  accent: string;
  Leader: string;
  Follower: string;
  Candidate: string;
  down: string;
  delayed: string;
}

// Along is the way of time: to the right, or down (`down`), and then width and height are those of the picture turned.
export interface Frame {
  width: number;
  height: number;
  down?: boolean;
  view: View;
  // Events that prove a verdict.
  evidence: ReadonlySet<number>;
  difference?: number | undefined;
  // The number of a message that somebody clicked on.
  chosen?: number | undefined;
}

export const LEFT = 34;
// Above the clients' lines, and below the nodes': names of acts, and times. Words go from left to right whichever way time
// goes, so they need more there.
export const topOf = (down = false): number => (down ? 100 : 20);
export const bottomOf = (down = false): number => (down ? 52 : 18);
export const CLIENTS = 3;
export const CLIENT_HEIGHT = 9;
export const xOf = (t: number, { width, view }: Pick<Frame, "width" | "view">): number =>
  LEFT + ((t - view.begin) / (view.end - view.begin)) * (width - LEFT);

export const timeOf = (x: number, { width, view }: Pick<Frame, "width" | "view">): number =>
  view.begin + ((x - LEFT) / (width - LEFT)) * (view.end - view.begin);

export const laneOf = (node: number, nodes: number, height: number, down = false): number => {
  const top = topOf(down) + CLIENTS * CLIENT_HEIGHT + 16;
  const bottom = height - bottomOf(down);
  return nodes === 1 ? (top + bottom) / 2 : top + (node / (nodes - 1)) * (bottom - 12 - top);
};

// A canvas on which what is drawn along and across lies as the frame says.
export function turn(ctx: CanvasRenderingContext2D, scale: number, down = false): void {
  if (down) ctx.setTransform(0, scale, scale, 0, 0, 0);
  else ctx.setTransform(scale, 0, 0, scale, 0, 0);
}

// Words at a place of the picture, and how far from it: [right, down] of where they begin, for either way of time.
export function write(
  ctx: CanvasRenderingContext2D,
  down: boolean | undefined,
  text: string,
  [x, y]: [number, number],
  right: [number, number],
  turned: [number, number],
): void {
  if (!down) return ctx.fillText(text, x + right[0], y + right[1]);
  const scale = ctx.getTransform().b;
  turn(ctx, scale);
  ctx.fillText(text, y + turned[0], x + turned[1]);
  turn(ctx, scale, true);
}
