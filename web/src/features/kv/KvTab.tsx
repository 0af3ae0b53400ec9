import { Choices } from "@/components/Choices";
import { Explainer } from "@/components/Explainer";
import { EXPLAINERS } from "@/features/kv/explainers";
import { KeysPanel } from "@/features/kv/KeysPanel";
import type { Operation } from "@/features/kv/operation";
import { OperationForm } from "@/features/kv/OperationForm";

const KINDS: { id: "keys" | Operation["kind"]; title: string }[] = [
  { id: "keys", title: "Keys" },
  { id: "put", title: "PUT" },
  { id: "get", title: "GET" },
  { id: "delete", title: "DELETE" },
];

interface KvTabProps {
  selected: string;
  onSelect(kind: string): void;
  // Whether the tab is in front.
  active: boolean;
}

// Both parts stay, so that what was typed into one is still there when one comes back.
export function KvTab({ selected, onSelect, active }: KvTabProps) {
  const kind = KINDS.find(({ id }) => id === selected)?.id ?? "keys";
  return (
    <>
      <div className="space-y-3 p-3">
        <Choices label="Operation" choices={KINDS} selected={kind} onSelect={onSelect} />
        <div hidden={kind !== "keys"}>
          <KeysPanel active={active && kind === "keys"} />
        </div>
        <div hidden={kind === "keys"} className="space-y-3">
          <OperationForm kind={kind === "keys" ? "put" : kind} />
        </div>
      </div>
      <Explainer {...EXPLAINERS[kind]} />
    </>
  );
}
