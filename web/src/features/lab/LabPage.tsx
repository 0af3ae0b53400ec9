// The laboratory: incidents of real clusters, each with its defence and without, to scrub through and to change.
import { useCallback, useState } from "react";
import { isSaved, savePage } from "@/api/lab";
import { Button } from "@/components/Button";
import { classes } from "@/components/classes";
import { Spinner } from "@/components/Spinner";
import { Acts } from "@/features/lab/Acts";
import { Catalogue } from "@/features/lab/Catalogue";
import { experimentsOf } from "@/features/lab/document";
import { toLink } from "@/features/lab/link";
import { MessagePanel } from "@/features/lab/MessagePanel";
import type { Message } from "@/features/lab/picture";
import { Pictures, type ChosenMessage, type Evidence } from "@/features/lab/Pictures";
import { StatePanel } from "@/features/lab/StatePanel";
import { Story } from "@/features/lab/Story";
import { Switches } from "@/features/lab/Switches";
import { Tour, useTour } from "@/features/lab/Tour";
import { useDocument } from "@/features/lab/useDocument";
import { useRuns } from "@/features/lab/useRuns";
import { Verdicts } from "@/features/lab/Verdicts";

export function LabPage() {
  const lab = useDocument();
  const incident = lab.incidents.find(({ name }) => name === lab.chosen);
  const readOnly = incident?.waits_for !== undefined;
  const runs = useRuns(lab.ready && !readOnly ? lab.document.now : undefined);
  const tour = useTour(!isSaved && lab.ready && runs.on !== undefined);
  const [cursor, setCursor] = useState(0);
  const [which, setWhich] = useState<"on" | "off">("off");
  const [evidence, setEvidence] = useState<Evidence>();
  const [message, setMessage] = useState<ChosenMessage>();
  const [down, setDown] = useState(false);
  const [shared, setShared] = useState(false);
  const [saving, setSaving] = useState(false);
  const [failed, setFailed] = useState<string>();

  const onCursor = useCallback((t: number, run?: "on" | "off") => {
    setCursor(t);
    if (run) setWhich(run);
  }, []);
  const onEvidence = (run: "on" | "off", events: number[]) => {
    setEvidence({ run, events });
    setWhich(run);
    setCursor(runs[run]?.trace.events[events.at(-1)!]?.t ?? 0);
  };
  const begin = () => {
    setEvidence(undefined);
    setMessage(undefined);
    setFailed(undefined);
    setCursor(0);
  };
  const onChoose = (name: string | undefined) => {
    begin();
    lab.choose(name);
  };
  const onSurprise = () => {
    begin();
    lab.surprise();
  };
  const onMessage = useCallback((chosen: ChosenMessage | undefined) => setMessage(chosen), []);
  // A moment before it leaves, so that all that was before it stays.
  const onLose = ({ number, sent }: Message) => {
    setMessage({ run: shown === runs.off ? "off" : "on", number });
    lab.edit({ type: "act", act: { at_ms: Math.max(0, sent - 0.001), do: "drop_message", number } });
  };
  const save = async () => {
    setSaving(true);
    setFailed(undefined);
    try {
      const { on, off } = experimentsOf(lab.document.now);
      const link = document.createElement("a");
      link.href = URL.createObjectURL(await savePage(off ?? on));
      link.download = `raftly-${lab.chosen ?? "laboratory"}.html`;
      link.click();
      URL.revokeObjectURL(link.href);
    } catch (why) {
      setFailed(`The page was not saved: ${why instanceof Error ? why.message : String(why)}`);
    }
    setSaving(false);
  };
  const share = async () => {
    const { on, off } = experimentsOf(lab.document.now);
    history.replaceState(null, "", `/lab#${await toLink(off ?? on)}`);
    await navigator.clipboard?.writeText(location.href).catch(() => undefined);
    setShared(true);
    setTimeout(() => setShared(false), 2000);
  };

  const shown = (which === "off" ? runs.off : undefined) ?? runs.on;
  const words = runs.off ? (shown === runs.off ? "without the defence" : "with it") : "in this run";
  const error = lab.error ?? failed ?? (readOnly ? undefined : runs.error);
  return (
    <div className="flex h-full flex-col" data-busy={runs.busy || undefined}>
      <header className="flex h-11 shrink-0 items-center gap-3 border-b border-line bg-panel px-3">
        {!isSaved && (
          <a href="/" className="flex items-center gap-3" aria-label="To the cluster's dashboard">
            <img src="/favicon.svg" alt="" className="size-6" />
          </a>
        )}
        <h1 className="text-sm font-bold whitespace-nowrap wide:text-base">
          Raftly <span className="font-normal text-muted">laboratory</span>
        </h1>
        <span className="ml-auto flex items-center gap-1.5 max-wide:[&>button]:px-2">
          {runs.busy && <Spinner />}
          {!isSaved && (
            <>
              <Button onClick={tour.begin}>Tour</Button>
              <Button disabled={readOnly} busy={saving} onClick={() => void save()}>
                Save
              </Button>
              <Button disabled={readOnly} onClick={() => void share()}>
                {shared ? "Copied" : "Share"}
              </Button>
            </>
          )}
        </span>
      </header>
      {error && (
        <p role="alert" className="border-b border-down bg-down/10 px-3 py-1.5 text-down">
          {error}
        </p>
      )}
      <main className="flex min-h-0 flex-1 flex-col gap-2 overflow-y-auto p-2 wide:flex-row wide:overflow-hidden">
        <Catalogue
          incidents={lab.incidents}
          chosen={lab.ready ? lab.chosen : ""}
          onChoose={onChoose}
          onSurprise={isSaved ? undefined : onSurprise}
        />
        <div className="flex min-w-0 shrink-0 flex-col rounded-lg border border-line bg-panel wide:min-h-0 wide:flex-1 wide:shrink wide:overflow-y-auto">
          <Story incident={incident} sheet={lab.document.now} onEdit={lab.edit} />
          {!readOnly && (
            <>
              <Switches
                defences={lab.defences}
                off={lab.document.now.switches}
                onSwitch={(name) => lab.edit({ type: "switch", name })}
              />
              <div
                className={classes(
                  "flex shrink-0 flex-col wide:h-auto wide:flex-1",
                  down ? "h-[64rem] wide:min-h-[36rem]" : "h-[30rem] wide:min-h-[29rem]",
                )}
              >
                <Pictures
                  runs={runs}
                  cursor={cursor}
                  evidence={evidence}
                  chosen={message}
                  down={down}
                  onTurn={() => setDown(!down)}
                  onMessage={onMessage}
                  onCursor={onCursor}
                />
              </div>
            </>
          )}
        </div>
        {!readOnly && (
          <aside className="flex shrink-0 flex-col gap-2 wide:w-80 wide:overflow-y-auto">
            <Verdicts runs={runs} incident={incident} onEvidence={onEvidence} />
            {shown && <StatePanel nodes={shown.moments.at(cursor)} cursor={cursor} which={words} />}
            {shown && (
              <MessagePanel
                run={shown}
                cursor={cursor}
                chosen={message && runs[message.run] === shown ? message.number : undefined}
                onLose={onLose}
              />
            )}
            <Acts document={lab.document} cursor={cursor} onEdit={lab.edit} />
          </aside>
        )}
      </main>
      <Tour {...tour} />
    </div>
  );
}
