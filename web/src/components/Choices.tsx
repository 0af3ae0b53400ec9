import { useId } from "react";
import { classes } from "@/components/classes";

interface ChoicesProps<Id extends string> {
  label: string;
  choices: readonly { id: Id; title: string }[];
  selected: NoInfer<Id>;
  onSelect(id: NoInfer<Id>): void;
}

// One of a few, side by side: radio buttons that look like one bar.
export function Choices<Id extends string>({ label, choices, selected, onSelect }: ChoicesProps<Id>) {
  const name = useId();
  return (
    <fieldset className="flex min-w-0 rounded-md border border-line bg-raised p-0.5">
      <legend className="sr-only">{label}</legend>
      {choices.map(({ id, title }) => (
        <label
          key={id}
          className={classes(
            "flex-1 cursor-pointer rounded px-2.5 py-1 text-center font-medium whitespace-nowrap has-focus-visible:outline-2 has-focus-visible:outline-accent",
            id === selected ? "bg-panel text-ink shadow-sm ring-1 ring-line" : "text-muted hover:text-ink",
          )}
        >
          <input type="radio" name={name} className="sr-only" checked={id === selected} onChange={() => onSelect(id)} />
          {title}
        </label>
      ))}
    </fieldset>
  );
}
