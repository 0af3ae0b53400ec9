// A picture to scrub through: drag or arrow keys move the cursor, the wheel zooms, shift and drag move along.
import { useEffect, useMemo, useRef, type KeyboardEvent, type PointerEvent } from "react";
import { useSize } from "@/components/useSize";
import { draw, drawCursor } from "@/features/lab/draw";
import { lineOf } from "@/features/lab/drawMessages";
import { timeOf, turn, type Frame, type Palette, type View } from "@/features/lab/geometry";
import { usePalette } from "@/features/lab/palette";
import type { Message, Picture } from "@/features/lab/picture";

interface DiagramProps {
  picture: Picture;
  name: string;
  view: View;
  // Time goes down and not to the right.
  down: boolean;
  cursor: number;
  evidence: ReadonlySet<number>;
  difference?: number | undefined;
  chosen?: number | undefined;
  onMessage: (number: number | undefined) => void;
  onCursor: (t: number) => void;
  onView: (view: View) => void;
}

const SHORTEST = 2;

export function zoomed(view: View, at: number, factor: number, end: number): View {
  const begin = Math.max(0, at - (at - view.begin) * factor);
  const until = Math.min(end, at + (view.end - at) * factor);
  return until - begin < SHORTEST ? view : { begin, end: until };
}

export function moved(view: View, by: number, end: number): View {
  const shift = Math.min(Math.max(by, -view.begin), end - view.end);
  return { begin: view.begin + shift, end: view.end + shift };
}

// So close to a message's line, in pixels, a click means it.
const NEAR = 5;

export function messageAt(picture: Picture, frame: Omit<Frame, "evidence">, x: number, y: number): Message | undefined {
  let nearest: Message | undefined;
  let best = NEAR;
  for (const message of picture.messages) {
    if (message.until < frame.view.begin || message.sent > frame.view.end) continue;
    const { x1, y1, x2, y2 } = lineOf(message, picture, frame);
    const length = (x2 - x1) ** 2 + (y2 - y1) ** 2;
    const along = length === 0 ? 0 : Math.min(Math.max(((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / length, 0), 1);
    const distance = Math.hypot(x - x1 - along * (x2 - x1), y - y1 - along * (y2 - y1));
    if (distance < best) [nearest, best] = [message, distance];
  }
  return nearest;
}

// A canvas as large as its box, in the pixels of the screen.
function paint(
  canvas: HTMLCanvasElement | null,
  frame: Frame,
  palette: Palette,
  what: (ctx: CanvasRenderingContext2D, frame: Frame, palette: Palette) => void,
): void {
  const ctx = canvas?.getContext("2d");
  if (!canvas || !ctx || frame.width === 0) return;
  const scale = window.devicePixelRatio || 1;
  const [along, across] = [Math.round(frame.width * scale), Math.round(frame.height * scale)];
  const [width, height] = frame.down ? [across, along] : [along, across];
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  turn(ctx, scale, frame.down);
  what(ctx, frame, palette);
}

export function Diagram(props: DiagramProps) {
  const { picture, name, view, down, cursor, evidence, difference, chosen, onMessage, onCursor, onView } = props;
  const [box, measured] = useSize<HTMLDivElement>();
  const size = useMemo(
    () => ({ width: down ? measured.height : measured.width, height: down ? measured.width : measured.height, down }),
    [measured, down],
  );
  const below = useRef<HTMLCanvasElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const grip = useRef<{ x: number; view: View; moved: boolean } | undefined>(undefined);
  const palette = usePalette();
  const frame = { ...size, view };
  const placeOf = ({ offsetX, offsetY }: MouseEvent): [number, number] =>
    down ? [offsetY, offsetX] : [offsetX, offsetY];

  useEffect(() => {
    const whole = { ...size, view, evidence, difference, chosen };
    paint(below.current, whole, palette, (ctx, at, colours) => draw(ctx, picture, at, colours));
  }, [picture, view, evidence, difference, chosen, size, palette]);
  useEffect(() => {
    const whole = { ...size, view, evidence };
    paint(canvas.current, whole, palette, (ctx, at, colours) => drawCursor(ctx, cursor, at, colours));
  }, [view, cursor, evidence, size, palette]);

  // React's own wheel listener is passive: the page would scroll with it.
  useEffect(() => {
    const element = canvas.current;
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      const at = timeOf(down ? event.offsetY : event.offsetX, { width: size.width, view });
      onView(zoomed(view, at, event.deltaY > 0 ? 1.25 : 0.8, picture.end));
    };
    element?.addEventListener("wheel", onWheel, { passive: false });
    return () => element?.removeEventListener("wheel", onWheel);
  }, [view, down, size.width, picture.end, onView]);

  const clamp = (t: number) => Math.min(Math.max(t, 0), picture.end);
  const onDown = (event: PointerEvent<HTMLCanvasElement>) => {
    event.currentTarget.setPointerCapture(event.pointerId);
    const [x] = placeOf(event.nativeEvent);
    grip.current = { x, view, moved: false };
    if (!event.shiftKey) onCursor(clamp(timeOf(x, frame)));
  };
  const onMove = (event: PointerEvent<HTMLCanvasElement>) => {
    if (!grip.current || event.buttons === 0) return;
    const [x] = placeOf(event.nativeEvent);
    if (Math.abs(x - grip.current.x) > NEAR) grip.current.moved = true;
    if (!event.shiftKey) return onCursor(clamp(timeOf(x, frame)));
    const perPixel = (grip.current.view.end - grip.current.view.begin) / size.width;
    onView(moved(grip.current.view, (grip.current.x - x) * perPixel, picture.end));
  };
  const onUp = (event: PointerEvent<HTMLCanvasElement>) => {
    const clicked = grip.current && !grip.current.moved && !event.shiftKey;
    grip.current = undefined;
    if (clicked) onMessage(messageAt(picture, frame, ...placeOf(event.nativeEvent))?.number);
  };
  const onKey = (event: KeyboardEvent<HTMLCanvasElement>) => {
    const step = ((view.end - view.begin) / 100) * (event.shiftKey ? 5 : 1);
    const to: Record<string, () => void> = {
      ArrowLeft: () => onCursor(clamp(cursor - step)),
      ArrowRight: () => onCursor(clamp(cursor + step)),
      ...(down && {
        ArrowUp: () => onCursor(clamp(cursor - step)),
        ArrowDown: () => onCursor(clamp(cursor + step)),
      }),
      Home: () => onCursor(0),
      End: () => onCursor(picture.end),
      "+": () => onView(zoomed(view, cursor, 0.8, picture.end)),
      "-": () => onView(zoomed(view, cursor, 1.25, picture.end)),
      "0": () => onView({ begin: 0, end: picture.end }),
    };
    if (!to[event.key]) return;
    event.preventDefault();
    to[event.key]!();
  };

  return (
    <div ref={box} className="relative h-full min-h-0 w-full">
      <canvas ref={below} aria-hidden className="absolute inset-0 block h-full w-full" />
      <canvas
        ref={canvas}
        role="slider"
        tabIndex={0}
        aria-label={`${name}: the moment that is shown`}
        aria-orientation={down ? "vertical" : "horizontal"}
        aria-valuemin={0}
        aria-valuemax={Math.round(picture.end)}
        aria-valuenow={Math.round(cursor)}
        aria-valuetext={`${cursor.toFixed(1)} ms`}
        onPointerDown={onDown}
        onPointerMove={onMove}
        onPointerUp={onUp}
        onKeyDown={onKey}
        className="absolute inset-0 block h-full w-full touch-none"
      />
    </div>
  );
}
