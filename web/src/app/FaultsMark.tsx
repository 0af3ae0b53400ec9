import { useSelect } from "@/state/hooks";
import { installedRules } from "@/state/links";

// Faults outlive the tab that injected them: they are pointed out wherever one is on the page.
export function FaultsMark() {
  const chaos = useSelect((state) => state.picture.chaos);
  const count = installedRules(chaos).length;
  if (count === 0) return null;
  return (
    <a
      href="#/chaos"
      className="rounded-md border border-down bg-down/10 px-2 py-0.5 text-xs font-medium whitespace-nowrap text-down"
    >
      <span aria-hidden="true">⚡</span> {count} {count === 1 ? "rule" : "rules"} in force
    </a>
  );
}
