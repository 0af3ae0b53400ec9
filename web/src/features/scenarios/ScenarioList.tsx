import { Spinner } from "@/components/Spinner";
import { classes } from "@/components/classes";
import { scenarios } from "@/scenarios";
import { OutcomeMark } from "@/features/scenarios/OutcomeMark";
import { useSelect } from "@/state/hooks";

interface ScenarioListProps {
  selected: string;
  onSelect(id: string): void;
}

export function ScenarioList({ selected, onSelect }: ScenarioListProps) {
  const { running, latest } = useSelect((state) => state.runs);
  return (
    <ul className="space-y-1.5" aria-label="Scenarios">
      {scenarios.map(({ id, title }) => {
        const outcome = latest[id]?.verdict?.outcome;
        return (
          <li key={id}>
            <button
              type="button"
              aria-pressed={id === selected}
              onClick={() => onSelect(id)}
              className={classes(
                "w-full rounded-md border px-2.5 py-1.5 text-left",
                id === selected ? "border-accent bg-accent/10" : "border-line bg-raised hover:border-muted",
              )}
            >
              <span className="flex items-center justify-between gap-2 font-semibold">
                {title}
                {running === id ? <Spinner /> : outcome && <OutcomeMark outcome={outcome} />}
              </span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}
