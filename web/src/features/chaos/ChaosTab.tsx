import { useMemo } from "react";
import { Choices } from "@/components/Choices";
import { Explainer } from "@/components/Explainer";
import type { Fault } from "@/api/chaos";
import { ActiveRules } from "@/features/chaos/ActiveRules";
import { EXPLAINERS } from "@/features/chaos/explainers";
import { FaultForm } from "@/features/chaos/FaultForm";
import { HealBar } from "@/features/chaos/HealBar";
import { useSelect } from "@/state/hooks";

const KINDS: { id: Fault["kind"]; title: string }[] = [
  { id: "isolate", title: "Isolate" },
  { id: "partition", title: "Partition" },
  { id: "delay", title: "Delay" },
  { id: "loss", title: "Loss" },
];

interface ChaosTabProps {
  selected: string;
  onSelect(kind: string): void;
}

export function ChaosTab({ selected, onSelect }: ChaosTabProps) {
  const cluster = useSelect((state) => state.picture.cluster);
  const nodes = useMemo(() => cluster?.nodes.map(({ id }) => id) ?? [], [cluster]);
  const kind = KINDS.find(({ id }) => id === selected)?.id ?? "isolate";
  return (
    <>
      <div className="space-y-3 p-3">
        <HealBar />
        <Choices label="Kind of fault" choices={KINDS} selected={kind} onSelect={onSelect} />
        {nodes.length >= 2 ? (
          <FaultForm kind={kind} nodes={nodes} leader={cluster?.leader_id ?? ""} />
        ) : (
          <p className="text-muted">
            {nodes.length === 1 ? "A node on its own has no links to break." : "Waiting for the first report."}
          </p>
        )}
        <ActiveRules />
      </div>
      <Explainer {...EXPLAINERS[kind]} />
    </>
  );
}
