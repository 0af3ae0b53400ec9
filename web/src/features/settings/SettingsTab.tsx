import { useEffect, useState, type FormEvent } from "react";
import { Button } from "@/components/Button";
import { Explainer } from "@/components/Explainer";
import { NumberField } from "@/components/NumberField";
import { classes } from "@/components/classes";
import { AutoHealField } from "@/features/settings/AutoHealField";
import { EXPLAINERS, type SettingId } from "@/features/settings/explainers";
import { NodeTimings } from "@/features/settings/NodeTimings";
import {
  DEFAULT_TIMINGS,
  ELECTION_TIMEOUT_MS,
  HEARTBEAT_MS,
  hintOf,
  timingsOf,
  type TimingsDraft,
} from "@/features/settings/settings";
import { useTimings } from "@/features/settings/useTimings";
import { useDispatch } from "@/state/hooks";
import { defaultPreferences } from "@/state/preferences";
import type { Timings } from "@/api/config";

interface SettingsTabProps {
  selected: string;
  onSelect(id: SettingId): void;
}

export function SettingsTab({ selected, onSelect }: SettingsTabProps) {
  const dispatch = useDispatch();
  const { nodes, busy, applied, apply } = useTimings();
  // Undefined until somebody types: what is in force is shown.
  const [draft, setDraft] = useState<TimingsDraft>();
  const inForce = nodes.find(({ error }) => !error);
  const shown = draft ?? draftOf(inForce ?? DEFAULT_TIMINGS);
  const timings = timingsOf(shown);
  const hint = typeof timings === "string" ? undefined : hintOf(timings);

  useEffect(() => {
    if (applied && !applied.refused) setDraft(undefined);
  }, [applied]);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (typeof timings !== "string") void apply(timings);
  };
  const reset = () => {
    setDraft(draftOf(DEFAULT_TIMINGS));
    dispatch({ type: "preferences", change: { auto_heal_ms: defaultPreferences.auto_heal_ms } });
  };

  return (
    <>
      <form onSubmit={submit} noValidate className="space-y-3 p-3">
        <div className="grid gap-3 sm:grid-cols-3">
          <NumberField
            {...ELECTION_TIMEOUT_MS}
            label="Election timeout"
            unit="ms"
            text={shown.election_timeout}
            onChange={(election_timeout) => setDraft({ ...shown, election_timeout })}
            onFocus={() => onSelect("election-timeout")}
          />
          <NumberField
            {...HEARTBEAT_MS}
            label="Heartbeat"
            unit="ms"
            text={shown.heartbeat}
            onChange={(heartbeat) => setDraft({ ...shown, heartbeat })}
            onFocus={() => onSelect("heartbeat")}
          />
          <AutoHealField onFocus={() => onSelect("auto-heal")} />
        </div>
        <p
          className={classes("min-h-4 text-xs", typeof timings === "string" ? "text-down" : "text-candidate")}
          role="status"
        >
          {typeof timings === "string" ? timings : hint}
        </p>
        <div className="flex flex-wrap items-center gap-2">
          <Button type="submit" look="primary" busy={busy} disabled={typeof timings === "string"}>
            Apply to all nodes
          </Button>
          <Button onClick={reset}>Reset</Button>
          {applied && (
            <p
              role="status"
              data-refused={applied.refused}
              className={classes("text-xs", applied.refused ? "text-down" : "text-leader")}
            >
              {applied.message}
            </p>
          )}
        </div>
        <NodeTimings nodes={nodes} />
      </form>
      <Explainer {...EXPLAINERS[selected in EXPLAINERS ? (selected as SettingId) : "election-timeout"]} />
    </>
  );
}

function draftOf({ election_timeout_ms, heartbeat_ms }: Timings): TimingsDraft {
  return { election_timeout: String(election_timeout_ms), heartbeat: String(heartbeat_ms) };
}
