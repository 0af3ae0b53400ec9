// Runs what a sheet asks for, and keeps the last pictures until the next are there.
import { useEffect, useState } from "react";
import { runExperiment, type Experiment, type Trace } from "@/api/lab";
import { RequestError } from "@/api/request";
import { experimentsOf, type Sheet } from "@/features/lab/document";
import { Moments } from "@/features/lab/moment";
import { firstDifference, pictureOf, type Picture } from "@/features/lab/picture";

export interface Run {
  trace: Trace;
  picture: Picture;
  moments: Moments;
}

export interface Runs {
  on?: Run;
  off?: Run;
  difference?: number | undefined;
  busy: boolean;
  error?: string;
}

// The laboratory runs few experiments at a time; somebody else may be there.
const TRIES = 10;
const WAIT_MS = 400;

// One after the other, and each to its end: a run that nobody waits for any more goes on at the server all the same.
let lane: Promise<unknown> = Promise.resolve();

function patientRun(experiment: Experiment, signal: AbortSignal): Promise<Run> {
  const run = async (): Promise<Run> => {
    for (let tries = 1; ; tries++) {
      signal.throwIfAborted();
      try {
        const trace = await runExperiment(experiment);
        return { trace, picture: pictureOf(trace), moments: new Moments(trace) };
      } catch (error) {
        if (!(error instanceof RequestError) || error.status !== 429 || tries === TRIES) throw error;
        await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
      }
    }
  };
  const turn = lane.then(run);
  lane = turn.catch(() => undefined);
  return turn;
}

export function useRuns(sheet: Sheet | undefined): Runs {
  const [runs, setRuns] = useState<Runs>({ busy: false });
  useEffect(() => {
    if (!sheet) return;
    const abort = new AbortController();
    const { on, off } = experimentsOf(sheet);
    setRuns((before) => ({ ...before, busy: true }));
    Promise.all([patientRun(on, abort.signal), off && patientRun(off, abort.signal)])
      .then(([with_, without]) => {
        if (abort.signal.aborted) return;
        setRuns({
          on: with_,
          ...(without && { off: without, difference: firstDifference(with_.trace, without.trace) }),
          busy: false,
        });
      })
      .catch((error: unknown) => {
        if (abort.signal.aborted) return;
        const words = error instanceof Error ? error.message : String(error);
        setRuns((before) => ({ ...before, busy: false, error: words }));
      });
    return () => abort.abort();
  }, [sheet]);
  return runs;
}
