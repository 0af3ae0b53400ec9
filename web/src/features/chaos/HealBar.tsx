import { Button } from "@/components/Button";
import { useHeal } from "@/features/chaos/useHeal";
import { useSelect } from "@/state/hooks";
import { installedRules } from "@/state/links";

export function HealBar() {
  const rules = useSelect((state) => state.picture.chaos);
  const { busy, problem, heal } = useHeal();
  const count = installedRules(rules).length;
  return (
    <div>
      <div className="flex items-center justify-between gap-2">
        <p className={count > 0 ? "font-medium text-down" : "text-muted"}>
          {count === 0
            ? "No fault is in force."
            : `${count} ${count === 1 ? "rule is" : "rules are"} in force until healed.`}
        </p>
        <Button look={count > 0 ? "danger" : "plain"} busy={busy} onClick={() => void heal()}>
          Heal all
        </Button>
      </div>
      {problem && (
        <p role="alert" className="mt-1 text-xs text-down">
          {problem}
        </p>
      )}
    </div>
  );
}
