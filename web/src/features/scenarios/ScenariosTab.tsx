import { Explainer } from "@/components/Explainer";
import { scenarios } from "@/scenarios";
import { ScenarioDetails } from "@/features/scenarios/ScenarioDetails";
import { ScenarioList } from "@/features/scenarios/ScenarioList";

interface ScenariosTabProps {
  selected: string;
  onSelect(id: string): void;
}

export function ScenariosTab({ selected, onSelect }: ScenariosTabProps) {
  const scenario = scenarios.find(({ id }) => id === selected) ?? scenarios[0]!;
  return (
    <>
      <div className="grid gap-3 p-3 sm:grid-cols-[minmax(10.25rem,1fr)_3fr]">
        <ScenarioList selected={scenario.id} onSelect={onSelect} />
        <ScenarioDetails key={scenario.id} scenario={scenario} />
      </div>
      <Explainer title={scenario.title} {...scenario.explainer} />
    </>
  );
}
