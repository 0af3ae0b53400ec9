import { useState, type FormEvent } from "react";
import { injectFault, type Fault } from "@/api/chaos";
import { messageOf } from "@/api/request";
import { Button } from "@/components/Button";
import { NodeSelect } from "@/components/NodeSelect";
import { NumberField } from "@/components/NumberField";
import { DELAY_MS, JITTER_MS, initialDraft, faultOf, withoutGone, type Draft } from "@/features/chaos/draft";
import { LossSlider } from "@/features/chaos/LossSlider";
import { describeFault } from "@/scenarios/describeFault";
import { useDispatch } from "@/state/hooks";

interface FaultFormProps {
  kind: Fault["kind"];
  nodes: readonly string[];
  leader: string;
}

const ACTIONS: Record<Fault["kind"], string> = {
  isolate: "Isolate",
  partition: "Partition",
  delay: "Delay",
  loss: "Lose messages",
};

export function FaultForm({ kind, nodes, leader }: FaultFormProps) {
  const dispatch = useDispatch();
  const [draft, setDraft] = useState<Draft>(initialDraft);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const change = (part: Partial<Draft>) => setDraft((before) => ({ ...before, ...part }));
  const chosen = withoutGone(draft, nodes);
  const fault = faultOf(kind, chosen, nodes);
  const node = chosen.node || nodes[0]!;
  const other = chosen.other || nodes.find((id) => id !== node)!;

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (typeof fault === "string") return;
    setBusy(true);
    setProblem(undefined);
    try {
      const failed = await injectFault(fault);
      if (failed.length > 0) setProblem(`Not installed on ${failed.join(", ")}`);
      dispatch({ type: "note", kind: "chaos", at: Date.now(), title: describeFault(fault) });
    } catch (error) {
      setProblem(`Refused: ${messageOf(error)}`);
    } finally {
      setBusy(false);
    }
  };

  return (
    <form onSubmit={(event) => void submit(event)} data-fault={kind} className="space-y-2.5">
      <div className="grid grid-cols-2 gap-2.5">
        <NodeSelect
          label={kind === "partition" ? "Between" : "Node"}
          nodes={nodes}
          leader={leader}
          selected={node}
          onSelect={(id) => change({ node: id })}
        />
        {kind === "partition" && (
          <NodeSelect
            label="and"
            nodes={nodes}
            leader={leader}
            selected={other}
            onSelect={(id) => change({ other: id })}
          />
        )}
        {kind === "loss" && (
          <LossSlider percent={draft.loss_percent} onChange={(loss_percent) => change({ loss_percent })} />
        )}
      </div>
      {kind === "delay" && (
        <div className="grid grid-cols-2 gap-2.5">
          <NumberField
            {...DELAY_MS}
            label="Delay"
            unit="ms"
            text={draft.delay_ms}
            onChange={(delay_ms) => change({ delay_ms })}
          />
          <NumberField
            {...JITTER_MS}
            label="Jitter"
            unit="ms"
            text={draft.jitter_ms}
            onChange={(jitter_ms) => change({ jitter_ms })}
          />
        </div>
      )}
      <div className="flex items-center gap-3">
        <Button type="submit" look="danger" busy={busy} disabled={typeof fault === "string"}>
          {ACTIONS[kind]}
        </Button>
        {typeof fault === "string" && <p className="text-xs text-down">{fault}</p>}
        {problem && (
          <p role="alert" className="text-xs text-down">
            {problem}
          </p>
        )}
      </div>
    </form>
  );
}
