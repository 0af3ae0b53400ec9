import { useId } from "react";
import { classes } from "@/components/classes";
import { problemOf, type Range } from "@/components/number";

interface NumberFieldProps extends Range {
  label: string;
  unit: string;
  // As typed: what is not yet a number must not vanish under the cursor.
  text: string;
  step?: number;
  onChange(text: string): void;
  onFocus?(): void;
}

export function NumberField({ label, unit, text, min, max, step = 1, onChange, onFocus }: NumberFieldProps) {
  const id = useId();
  const problem = problemOf(text, { min, max });
  return (
    <div>
      <div className="flex items-baseline justify-between gap-2">
        <label htmlFor={id} className="font-medium">
          {label}
        </label>
        <span id={`${id}-range`} className={classes("text-xs", problem ? "text-down" : "text-muted")}>
          {problem && "must be "}
          {problem ?? `${min}–${max}`}
        </span>
      </div>
      <div className="relative mt-1">
        <input
          id={id}
          type="number"
          inputMode="numeric"
          min={min}
          max={max}
          step={step}
          value={text}
          aria-invalid={problem !== undefined}
          aria-describedby={`${id}-range`}
          onChange={(event) => onChange(event.target.value)}
          onFocus={onFocus}
          className={classes(
            "w-full rounded-md border bg-page py-1.5 pr-9 pl-2 font-mono",
            problem ? "border-down" : "border-line",
          )}
        />
        <span
          aria-hidden="true"
          className="pointer-events-none absolute inset-y-0 right-2.5 flex items-center text-muted"
        >
          {unit}
        </span>
      </div>
    </div>
  );
}
