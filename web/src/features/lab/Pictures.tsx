// Both runs, one below the other, under one cursor; and what moves it.
import { useCallback, useEffect, useMemo, useState } from "react";
import { Button } from "@/components/Button";
import { classes } from "@/components/classes";
import { Diagram } from "@/features/lab/Diagram";
import type { View } from "@/features/lab/geometry";
import { SPEEDS, usePlay } from "@/features/lab/usePlay";
import type { Run, Runs } from "@/features/lab/useRuns";

export interface Evidence {
  run: "on" | "off";
  events: number[];
}

export interface ChosenMessage {
  run: "on" | "off";
  number: number;
}

interface PicturesProps {
  runs: Runs;
  cursor: number;
  evidence: Evidence | undefined;
  chosen: ChosenMessage | undefined;
  // Which way time goes, and the way to turn it.
  down: boolean;
  onTurn: () => void;
  onMessage: (chosen: ChosenMessage | undefined) => void;
  onCursor: (t: number, run?: "on" | "off") => void;
}

const NONE: ReadonlySet<number> = new Set();

export function Pictures({ runs, cursor, evidence, chosen, down, onTurn, onMessage, onCursor }: PicturesProps) {
  const end = Math.max(runs.on?.picture.end ?? 0, runs.off?.picture.end ?? 0);
  const duration = runs.on?.picture.duration ?? 0;
  const [view, setView] = useState<View>({ begin: 0, end: 1000 });
  useEffect(() => setView({ begin: 0, end: Math.max(duration, 100) }), [duration]);
  const move = useCallback((t: number) => onCursor(t), [onCursor]);
  const play = usePlay(end, cursor, move);

  // What proves a verdict comes into view.
  useEffect(() => {
    const run = evidence && runs[evidence.run];
    const times = evidence?.events.map((event) => run?.trace.events[event]?.t ?? 0) ?? [];
    if (times.length === 0) return;
    const margin = Math.max((Math.max(...times) - Math.min(...times)) * 0.15, 250);
    setView({ begin: Math.max(0, Math.min(...times) - margin), end: Math.min(end, Math.max(...times) + margin) });
    // Only when other evidence is asked for.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [evidence]);

  // The same objects from frame to frame: a picture is drawn anew only where one of them is another.
  const shown = useMemo(() => ({ begin: view.begin, end: Math.min(view.end, Math.max(end, 1)) }), [view, end]);
  const proof = useMemo(() => new Set(evidence?.events), [evidence]);

  const picture = (run: Run | undefined, which: "on" | "off", name: string) =>
    run && (
      <section className="flex min-h-44 min-w-0 flex-1 flex-col" aria-label={name}>
        <h3 className={which === "off" ? "px-3 font-semibold text-down" : "px-3 font-semibold text-leader"}>{name}</h3>
        <div className="min-h-0 flex-1 px-2">
          <Diagram
            picture={run.picture}
            name={name}
            view={shown}
            down={down}
            cursor={cursor}
            evidence={evidence?.run === which ? proof : NONE}
            difference={runs.difference}
            chosen={chosen?.run === which ? chosen.number : undefined}
            onMessage={(number) => onMessage(number === undefined ? undefined : { run: which, number })}
            onCursor={(t) => onCursor(t, which)}
            onView={setView}
          />
        </div>
      </section>
    );

  return (
    <div className="flex min-h-0 flex-1 flex-col gap-1" data-tour="pictures">
      <div className={classes("flex flex-1 flex-col gap-1", down && "wide:flex-row")}>
        {picture(runs.off, "off", "Without the defence")}
        {picture(runs.on, "on", runs.off ? "With the defence" : "The run")}
      </div>
      <div className="flex flex-wrap items-center gap-1.5 px-3 pb-2">
        <Button onClick={play.toggle} aria-label={play.playing ? "Pause" : "Play"}>
          {play.playing ? "❚❚" : "▶"}
        </Button>
        <select
          aria-label="Speed"
          className="rounded-md border border-line bg-raised px-1.5 py-1"
          value={play.speed}
          onChange={(event) => play.setSpeed(Number(event.target.value))}
        >
          {SPEEDS.map((speed) => (
            <option key={speed} value={speed}>
              {speed}x
            </option>
          ))}
        </select>
        <Button onClick={() => setView({ begin: 0, end: Math.max(duration, 100) })}>All of it</Button>
        <Button aria-pressed={down} onClick={onTurn}>
          {down ? "Time to the right" : "Time downwards"}
        </Button>
        {runs.difference !== undefined && (
          <Button onClick={() => onCursor(runs.difference!)}>First difference: {runs.difference.toFixed(1)} ms</Button>
        )}
        <span className="text-xs text-muted">
          Drag or arrow keys: cursor. Wheel or + −: zoom. Shift and drag: move. Click on a message: what it says.
        </span>
      </div>
    </div>
  );
}
