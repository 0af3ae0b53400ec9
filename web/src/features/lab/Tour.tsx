// Five steps for whoever comes for the first time. It lies over the page, and moves nothing.
import { useEffect, useState } from "react";
import { Button } from "@/components/Button";
import { classes } from "@/components/classes";

const STEPS: { at: string; title: string; text: string }[] = [
  {
    at: "catalogue",
    title: "What went wrong",
    text: "Each of these happened to somebody, or is the case that a rule of Raft was made for. Choose one and read it.",
  },
  {
    at: "pictures",
    title: "The same story twice",
    text:
      "Time goes from left to right, a line is a node, green leads. Above without the defence, below with it: the same " +
      "faults, and another end.",
  },
  {
    at: "state",
    title: "Any moment",
    text: "Drag in a picture, or use the arrow keys: here is what every node knows then, and what its disk would keep.",
  },
  {
    at: "verdicts",
    title: "The judges",
    text: "They know nothing of the faults. What they find broken leads to the events that prove it.",
  },
  {
    at: "acts",
    title: "Your turn",
    text:
      "Do something at the cursor: kill a node, lose a message, put a value. What was before it stays, the rest is run " +
      "again. Undo takes it back.",
  },
];

const SEEN = "raftly-lab-tour-seen";

// A page without storage shows it each time.
const stored = (): boolean => {
  try {
    return localStorage.getItem(SEEN) !== null;
  } catch {
    return false;
  }
};
const store = () => {
  try {
    localStorage.setItem(SEEN, "yes");
  } catch {
    // Then it comes again.
  }
};

export interface TourState {
  step: number | undefined;
  begin: () => void;
  show: (step: number | undefined) => void;
}

export function useTour(wanted: boolean): TourState {
  const [step, setStep] = useState<number>();
  useEffect(() => {
    if (wanted && !stored()) setStep(0);
  }, [wanted]);
  const show = (to: number | undefined) => {
    if (to === undefined) store();
    setStep(to);
  };
  return { step, begin: () => setStep(0), show };
}

export function Tour({ step, show }: TourState) {
  const here = step === undefined ? undefined : STEPS[step];
  // Above where what it speaks of is below.
  const [above, setAbove] = useState(false);
  useEffect(() => {
    if (!here) return;
    const target = document.querySelector(`[data-tour="${here.at}"]`);
    target?.scrollIntoView?.({ block: "nearest" });
    target?.classList.add("tour-target");
    setAbove((target?.getBoundingClientRect().top ?? 0) > innerHeight / 2);
    return () => target?.classList.remove("tour-target");
  }, [here]);
  useEffect(() => {
    if (step === undefined) return;
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape") show(undefined);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  });
  if (!here || step === undefined) return null;
  const last = step === STEPS.length - 1;
  return (
    <div
      role="dialog"
      aria-label={`Tour, step ${step + 1} of ${STEPS.length}: ${here.title}`}
      className={classes(
        above ? "top-14" : "bottom-4",
        "fixed left-1/2 z-10 w-[min(26rem,calc(100vw-2rem))] -translate-x-1/2 rounded-lg border border-accent bg-panel p-3 shadow-lg",
      )}
    >
      <p className="text-xs text-muted">
        {step + 1} of {STEPS.length}
      </p>
      <h2 className="font-bold">{here.title}</h2>
      <p className="mt-1">{here.text}</p>
      <div className="mt-2 flex justify-end gap-2">
        <Button onClick={() => show(undefined)}>{last ? "Close" : "Skip"}</Button>
        {step > 0 && <Button onClick={() => show(step - 1)}>Back</Button>}
        {!last && (
          <Button look="primary" autoFocus onClick={() => show(step + 1)}>
            Next
          </Button>
        )}
      </div>
    </div>
  );
}
