// Draws a picture on a canvas: a line for each node along time, messages slanting between them. It is drawn as if time went
// from left to right; where it goes down, the canvas is turned (geometry.ts) and only words need care.
import {
  bottomOf,
  CLIENT_HEIGHT,
  CLIENTS,
  laneOf,
  LEFT,
  topOf,
  write,
  xOf,
  type Frame,
  type Palette,
} from "@/features/lab/geometry";
import { drawMessages } from "@/features/lab/drawMessages";
import type { Picture } from "@/features/lab/picture";

// What a time needs, in pixels.
const LABEL = 66;
// Beyond so many in view, names of kinds would be a carpet.
const NAMED = 40;

const SIGNS: Record<string, string> = { finding: "▼", cut: "✂", again: "↻", members: "◆", lost_directory: "∅" };
const GOOD = new Set(["resumed", "rejoined", "started", "again", "members"]);

const roleColour = (palette: Palette, role: string): string => {
  if (role === "Leader") return palette.Leader;
  if (role === "Candidate" || role === "PreCandidate") return palette.Candidate;
  if (role === "down" || role === "paused") return palette.line;
  return palette.Follower;
};

const outcomeColour = (palette: Palette, outcome: string): string =>
  ({ ok: palette.Leader, failed: palette.muted, unknown: palette.Candidate })[outcome] ?? palette.Candidate;

function drawTime(ctx: CanvasRenderingContext2D, frame: Frame, palette: Palette): void {
  const perPixel = (frame.view.end - frame.view.begin) / (frame.width - LEFT);
  const steps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000];
  const step = steps.find((one) => one / perPixel >= LABEL) ?? 60000;
  ctx.fillStyle = palette.muted;
  ctx.strokeStyle = palette.line;
  ctx.lineWidth = 1;
  for (let t = Math.ceil(frame.view.begin / step) * step; t <= frame.view.end; t += step) {
    const x = xOf(t, frame);
    ctx.globalAlpha = 0.5;
    ctx.beginPath();
    ctx.moveTo(x, topOf(frame.down) - 6);
    ctx.lineTo(x, frame.height - bottomOf(frame.down));
    ctx.stroke();
    ctx.globalAlpha = 1;
    if (x + LABEL * 0.7 < frame.width || frame.down) {
      write(ctx, frame.down, `${t} ms`, [x, frame.height], [2, -5], [2 - bottomOf(true), 4]);
    }
  }
}

function drawLanes(ctx: CanvasRenderingContext2D, picture: Picture, frame: Frame, palette: Palette): void {
  picture.stretches.forEach((stretches, node) => {
    const y = laneOf(node, picture.nodes.length, frame.height, frame.down);
    for (const stretch of stretches) {
      if (stretch.end < frame.view.begin || stretch.begin > frame.view.end) continue;
      const x1 = Math.max(xOf(stretch.begin, frame), LEFT);
      const x2 = Math.min(xOf(stretch.end, frame), frame.width);
      ctx.strokeStyle = roleColour(palette, stretch.role);
      ctx.lineWidth = stretch.role === "Leader" ? 6 : stretch.seat ? 1.5 : 3;
      ctx.setLineDash(stretch.role === "down" || stretch.role === "paused" ? [2, 4] : []);
      ctx.beginPath();
      ctx.moveTo(x1, y);
      ctx.lineTo(x2, y);
      ctx.stroke();
      ctx.setLineDash([]);
      const leads = stretch.role === "Leader";
      const up = stretch.role !== "down" && stretch.role !== "paused";
      const text = leads ? `leads term ${stretch.term}` : up ? (stretch.seat ?? "") : "";
      const needed = frame.down ? 14 : ctx.measureText(text).width + 6;
      if (text && needed < x2 - x1) {
        ctx.fillStyle = roleColour(palette, stretch.role);
        // At the last line's other side, where it would not fit.
        const width = ctx.measureText(text).width;
        write(ctx, frame.down, text, [x1, y], [3, -7], [y + 5 + width > frame.height ? -6 - width : 5, 11]);
      }
    }
    ctx.fillStyle = palette.panel;
    ctx.fillRect(0, y - 9, LEFT - 4, 18);
    ctx.fillStyle = palette.ink;
    write(ctx, frame.down, picture.nodes[node]!, [0, y], [6, 4], [-7, 20]);
  });
}

function drawClients(ctx: CanvasRenderingContext2D, picture: Picture, frame: Frame, palette: Palette): void {
  for (const call of picture.calls) {
    if (call.end < frame.view.begin || call.begin > frame.view.end) continue;
    const y = topOf(frame.down) + (call.op % CLIENTS) * CLIENT_HEIGHT;
    const x1 = Math.max(xOf(call.begin, frame), LEFT);
    const x2 = Math.max(Math.min(xOf(call.end, frame), frame.width), x1 + 3);
    const colour = outcomeColour(palette, call.outcome);
    const proves = frame.evidence.has(call.event) || (call.answer !== undefined && frame.evidence.has(call.answer));
    ctx.fillStyle = proves ? palette.down : colour;
    ctx.fillRect(x1, y, x2 - x1, CLIENT_HEIGHT - 3);
    ctx.strokeStyle = proves ? palette.down : colour;
    ctx.lineWidth = proves ? 2 : 0.75;
    ctx.setLineDash([1, 3]);
    ctx.beginPath();
    ctx.moveTo(x1, y + CLIENT_HEIGHT - 3);
    ctx.lineTo(x1, laneOf(call.node, picture.nodes.length, frame.height, frame.down) - 4);
    ctx.stroke();
    ctx.setLineDash([]);
  }
  ctx.fillStyle = palette.panel;
  ctx.fillRect(0, topOf(frame.down) - 2, LEFT - 1, CLIENTS * CLIENT_HEIGHT);
  ctx.fillStyle = palette.muted;
  write(ctx, frame.down, "clients", [0, topOf(frame.down)], [0, 14], [-4, 20]);
}

function drawMarks(ctx: CanvasRenderingContext2D, picture: Picture, frame: Frame, palette: Palette): void {
  for (const mark of picture.marks) {
    if (mark.t < frame.view.begin || mark.t > frame.view.end) continue;
    const x = xOf(mark.t, frame);
    const y = mark.node < 0 ? topOf(frame.down) - 8 : laneOf(mark.node, picture.nodes.length, frame.height, frame.down);
    if (mark.what === "synced") {
      ctx.fillStyle = palette.ink;
      ctx.fillRect(x - 0.5, y + 4, 1.5, 4);
      continue;
    }
    const bad = !GOOD.has(mark.what);
    ctx.fillStyle = bad ? palette.down : palette.Leader;
    write(ctx, frame.down, SIGNS[mark.what] ?? (bad ? "✖" : "●"), [x, y], [-5, 5], [-5, 5]);
  }
}

// Faults that last, as a shade along the node's line.
function drawSpans(ctx: CanvasRenderingContext2D, picture: Picture, frame: Frame, palette: Palette): void {
  ctx.fillStyle = palette.delayed;
  ctx.globalAlpha = 0.16;
  for (const span of picture.spans) {
    if (span.end < frame.view.begin || span.begin > frame.view.end) continue;
    const x1 = Math.max(xOf(span.begin, frame), LEFT);
    const x2 = Math.min(xOf(span.end, frame), frame.width);
    ctx.fillRect(x1, laneOf(span.node, picture.nodes.length, frame.height, frame.down) - 9, x2 - x1, 18);
  }
  ctx.globalAlpha = 1;
}

function drawUpright(ctx: CanvasRenderingContext2D, t: number, frame: Frame, colour: string, dash: number[]): void {
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1.5;
  ctx.setLineDash(dash);
  ctx.beginPath();
  ctx.moveTo(xOf(t, frame), 0);
  ctx.lineTo(xOf(t, frame), frame.height - bottomOf(frame.down));
  ctx.stroke();
  ctx.setLineDash([]);
}

// Of those that stand too close to the one before, only the line; zooming in shows what they are.
function drawActs(ctx: CanvasRenderingContext2D, picture: Picture, frame: Frame, palette: Palette): void {
  let free = 0;
  for (const act of picture.acts) {
    if (act.t < frame.view.begin || act.t > frame.view.end) continue;
    drawUpright(ctx, act.t, frame, palette.delayed, [2, 3]);
    const long = frame.down ? 8 : ctx.measureText(act.label).width;
    const x = Math.min(xOf(act.t, frame) + 3, frame.width - long - 2);
    if (x < free) continue;
    ctx.fillStyle = palette.delayed;
    write(ctx, frame.down, act.label, [x, 0], [0, 10], [2, 8]);
    free = x + long + 6;
  }
}

// Everything but the cursor.
export function draw(ctx: CanvasRenderingContext2D, picture: Picture, frame: Frame, palette: Palette): void {
  ctx.clearRect(0, 0, frame.width, frame.height);
  ctx.font = "11px ui-sans-serif, system-ui, sans-serif";
  ctx.textBaseline = "alphabetic";
  drawTime(ctx, frame, palette);
  drawSpans(ctx, picture, frame, palette);
  const seen = picture.messages.filter((m) => m.until >= frame.view.begin && m.sent <= frame.view.end);
  drawMessages(ctx, seen, picture, frame, palette);
  if (seen.length <= NAMED) {
    ctx.fillStyle = palette.muted;
    for (const message of seen) {
      const y =
        (laneOf(message.from, picture.nodes.length, frame.height, frame.down) * 2 +
          laneOf(message.to, picture.nodes.length, frame.height, frame.down)) /
        3;
      write(ctx, frame.down, `${message.number} ${message.kind}`, [xOf(message.sent, frame), y], [4, 0], [2, 12]);
    }
  }
  drawLanes(ctx, picture, frame, palette);
  drawClients(ctx, picture, frame, palette);
  drawMarks(ctx, picture, frame, palette);
  drawActs(ctx, picture, frame, palette);
  if (frame.difference !== undefined) drawUpright(ctx, frame.difference, frame, palette.Candidate, [6, 4]);
}

// On a canvas of its own: it moves with every frame.
export function drawCursor(ctx: CanvasRenderingContext2D, cursor: number, frame: Frame, palette: Palette): void {
  ctx.clearRect(0, 0, frame.width, frame.height);
  drawUpright(ctx, cursor, frame, palette.accent, []);
}
