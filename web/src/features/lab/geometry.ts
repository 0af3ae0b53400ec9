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

export interface Frame {
  width: number;
  height: number;
  view: View;
  // Events that prove a verdict.
  evidence: ReadonlySet<number>;
  difference?: number | undefined;
  // The number of a message that somebody clicked on.
  chosen?: number | undefined;
}

export const LEFT = 34;
export const TOP = 20;
export const CLIENTS = 3;
export const CLIENT_HEIGHT = 9;
export const BOTTOM = 18;
export const xOf = (t: number, { width, view }: Pick<Frame, "width" | "view">): number =>
  LEFT + ((t - view.begin) / (view.end - view.begin)) * (width - LEFT);

export const timeOf = (x: number, { width, view }: Pick<Frame, "width" | "view">): number =>
  view.begin + ((x - LEFT) / (width - LEFT)) * (view.end - view.begin);

export const laneOf = (node: number, nodes: number, height: number): number => {
  const top = TOP + CLIENTS * CLIENT_HEIGHT + 16;
  return nodes === 1 ? (top + height - BOTTOM) / 2 : top + (node / (nodes - 1)) * (height - BOTTOM - 12 - top);
};
