// A picture to scrub through: drag or arrow keys move the cursor, the wheel zooms, shift and drag move along.
import { useEffect, useRef, type KeyboardEvent, type PointerEvent } from "react";
import { useSize } from "@/components/useSize";
import { draw } from "@/features/lab/draw";
import { timeOf, type View } from "@/features/lab/geometry";
import { usePalette } from "@/features/lab/palette";
import type { Picture } from "@/features/lab/picture";

interface DiagramProps {
  picture: Picture;
  name: string;
  view: View;
  cursor: number;
  evidence: ReadonlySet<number>;
  difference?: number | undefined;
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

export function Diagram({ picture, name, view, cursor, evidence, difference, onCursor, onView }: DiagramProps) {
  const [box, size] = useSize<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const grip = useRef<{ x: number; view: View } | undefined>(undefined);
  const palette = usePalette();
  const frame = { ...size, view };

  useEffect(() => {
    const ctx = canvas.current?.getContext("2d");
    if (!ctx || size.width === 0) return;
    const scale = window.devicePixelRatio || 1;
    const [width, height] = [Math.round(size.width * scale), Math.round(size.height * scale)];
    if (canvas.current!.width !== width || canvas.current!.height !== height) {
      canvas.current!.width = width;
      canvas.current!.height = height;
    }
    ctx.setTransform(scale, 0, 0, scale, 0, 0);
    draw(ctx, picture, { ...size, view, cursor, evidence, difference }, palette);
  }, [picture, view, cursor, evidence, difference, size, palette]);

  // React's own wheel listener is passive: the page would scroll with it.
  useEffect(() => {
    const element = canvas.current;
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      const at = timeOf(event.offsetX, { width: size.width, view });
      onView(zoomed(view, at, event.deltaY > 0 ? 1.25 : 0.8, picture.end));
    };
    element?.addEventListener("wheel", onWheel, { passive: false });
    return () => element?.removeEventListener("wheel", onWheel);
  }, [view, size.width, picture.end, onView]);

  const clamp = (t: number) => Math.min(Math.max(t, 0), picture.end);
  const onDown = (event: PointerEvent<HTMLCanvasElement>) => {
    event.currentTarget.setPointerCapture(event.pointerId);
    grip.current = { x: event.nativeEvent.offsetX, view };
    if (!event.shiftKey) onCursor(clamp(timeOf(event.nativeEvent.offsetX, frame)));
  };
  const onMove = (event: PointerEvent<HTMLCanvasElement>) => {
    if (!grip.current || event.buttons === 0) return;
    const x = event.nativeEvent.offsetX;
    if (!event.shiftKey) return onCursor(clamp(timeOf(x, frame)));
    const perPixel = (grip.current.view.end - grip.current.view.begin) / size.width;
    onView(moved(grip.current.view, (grip.current.x - x) * perPixel, picture.end));
  };
  const onKey = (event: KeyboardEvent<HTMLCanvasElement>) => {
    const step = ((view.end - view.begin) / 100) * (event.shiftKey ? 5 : 1);
    const to: Record<string, () => void> = {
      ArrowLeft: () => onCursor(clamp(cursor - step)),
      ArrowRight: () => onCursor(clamp(cursor + step)),
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
    <div ref={box} className="h-full min-h-0 w-full">
      <canvas
        ref={canvas}
        role="slider"
        tabIndex={0}
        aria-label={`${name}: the moment that is shown`}
        aria-valuemin={0}
        aria-valuemax={Math.round(picture.end)}
        aria-valuenow={Math.round(cursor)}
        aria-valuetext={`${cursor.toFixed(1)} ms`}
        onPointerDown={onDown}
        onPointerMove={onMove}
        onPointerUp={() => (grip.current = undefined)}
        onKeyDown={onKey}
        className="block h-full w-full touch-none"
      />
    </div>
  );
}
