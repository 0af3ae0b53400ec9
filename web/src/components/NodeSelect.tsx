import { useId } from "react";

interface NodeSelectProps {
  label: string;
  nodes: readonly string[];
  selected: string;
  // Marked in the list.
  leader: string;
  onSelect(node: string): void;
}

export function NodeSelect({ label, nodes, selected, leader, onSelect }: NodeSelectProps) {
  const id = useId();
  return (
    <div className="min-w-0">
      <label htmlFor={id} className="font-medium">
        {label}
      </label>
      <select
        id={id}
        value={selected}
        onChange={(event) => onSelect(event.target.value)}
        className="mt-1 w-full truncate rounded-md border border-line bg-page px-2 py-[7px]"
      >
        {nodes.map((node) => (
          <option key={node} value={node}>
            {node === leader ? `${node} (leader)` : node}
          </option>
        ))}
      </select>
    </div>
  );
}
