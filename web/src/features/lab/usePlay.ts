// Moves the cursor on with time, until the end.
import { useEffect, useRef, useState } from "react";

export const SPEEDS = [0.01, 0.1, 1, 10];

export interface Play {
  playing: boolean;
  speed: number;
  toggle: () => void;
  setSpeed: (speed: number) => void;
}

export function usePlay(end: number, cursor: number, onCursor: (t: number) => void): Play {
  const [playing, setPlaying] = useState(false);
  const [speed, setSpeed] = useState(0.1);
  const now = useRef(cursor);
  now.current = cursor;

  useEffect(() => {
    if (!playing) return;
    let last = performance.now();
    let frame = 0;
    const step = (time: number) => {
      const next = now.current + (time - last) * speed;
      last = time;
      onCursor(Math.min(next, end));
      if (next >= end) setPlaying(false);
      else frame = requestAnimationFrame(step);
    };
    frame = requestAnimationFrame(step);
    return () => cancelAnimationFrame(frame);
  }, [playing, speed, end, onCursor]);

  const toggle = () => {
    if (!playing && cursor >= end) onCursor(0);
    setPlaying(!playing);
  };
  return { playing, speed, toggle, setSpeed };
}
