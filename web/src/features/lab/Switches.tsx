// Which defences the second run goes without.
import type { Defence } from "@/api/lab";
import { classes } from "@/components/classes";

interface SwitchesProps {
  defences: Defence[];
  off: string[];
  onSwitch: (name: string) => void;
}

export function Switches({ defences, off, onSwitch }: SwitchesProps) {
  const chosen = off.map((name) => defences.find((known) => known.name === name) ?? { name, words: name });
  const others = defences.filter(({ name }) => !off.includes(name));
  const mark = ({ name, words }: Defence) => (
    <label
      key={name}
      className={classes(
        "cursor-pointer rounded-md border px-1.5 py-0.5 text-xs has-focus-visible:outline-2",
        off.includes(name) ? "border-down bg-down/10 text-down" : "border-line text-muted hover:border-muted",
      )}
    >
      <input type="checkbox" className="sr-only" checked={off.includes(name)} onChange={() => onSwitch(name)} />
      {words}
    </label>
  );
  return (
    <fieldset className="px-3 py-1" data-tour="switches">
      <legend className="sr-only">Defences that the other run goes without</legend>
      <div className="flex flex-wrap items-center gap-1">
        <span className="text-xs text-muted">
          {off.length > 0 ? "Compared with a run without:" : "All defences are on."}
        </span>
        {chosen.map(mark)}
      </div>
      <details className="mt-1">
        <summary className="text-xs text-muted">Switch off {off.length > 0 ? "another" : "one"}</summary>
        <div className="mt-1 flex flex-wrap gap-1">{others.map(mark)}</div>
      </details>
    </fieldset>
  );
}
