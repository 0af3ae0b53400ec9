// Messages as lines from whom they come to whom they go.
import { laneOf, xOf, type Frame, type Palette } from "@/features/lab/geometry";
import type { Message, Picture } from "@/features/lab/picture";

// Where a message's line begins and ends. What is lost breaks off half-way, but for what comes to a node that is down.
export function lineOf(message: Message, picture: Picture, frame: Pick<Frame, "width" | "height" | "view" | "down">) {
  const y1 = laneOf(message.from, picture.nodes.length, frame.height, frame.down);
  const y2 = laneOf(message.to, picture.nodes.length, frame.height, frame.down);
  const x1 = xOf(message.sent, frame);
  const x2 = xOf(message.until, frame);
  if (message.lost === undefined || message.lost === "down") return { x1, y1, x2, y2 };
  return { x1, y1, x2: Math.max(x2, x1 + 4), y2: (y1 + y2) / 2 };
}

const messageColour = (message: Message, palette: Palette): string => {
  if (message.lost !== undefined) return palette.down;
  if (message.kind.includes("vote") || message.kind.includes("granted")) return palette.Candidate;
  return message.kind === "heartbeat" ? palette.line : palette.muted;
};

// Thousands of lines: one path for each look.
export function drawMessages(
  ctx: CanvasRenderingContext2D,
  messages: Message[],
  picture: Picture,
  frame: Frame,
  palette: Palette,
): void {
  const looks = new Map<string, Message[]>();
  for (const message of messages) {
    const width = frame.evidence.has(message.event) || message.number === frame.chosen ? 2.5 : 1;
    const look = `${width} ${message.number === frame.chosen ? palette.accent : messageColour(message, palette)}`;
    const alike = looks.get(look);
    if (alike) alike.push(message);
    else looks.set(look, [message]);
  }
  for (const [look, alike] of looks) {
    const space = look.indexOf(" ");
    ctx.lineWidth = Number(look.slice(0, space));
    ctx.strokeStyle = look.slice(space + 1);
    ctx.beginPath();
    for (const message of alike) {
      const { x1, y1, x2, y2 } = lineOf(message, picture, frame);
      ctx.moveTo(x1, y1);
      ctx.lineTo(x2, y2);
      if (message.lost === undefined) continue;
      ctx.moveTo(x2 - 3, y2 - 3);
      ctx.lineTo(x2 + 3, y2 + 3);
      ctx.moveTo(x2 + 3, y2 - 3);
      ctx.lineTo(x2 - 3, y2 + 3);
    }
    ctx.stroke();
  }
}
