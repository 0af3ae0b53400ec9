import { useRef, type KeyboardEvent } from "react";
import { classes } from "@/components/classes";

interface TabsProps<Id extends string> {
  label: string;
  tabs: readonly { id: Id; title: string }[];
  selected: NoInfer<Id>;
  onSelect(id: NoInfer<Id>): void;
  // The id of the tab's panel is `${prefix}-${id}`.
  prefix: string;
  className?: string;
}

// The ARIA tab pattern: one stop of the Tab key, arrows move between tabs.
export function Tabs<Id extends string>({ label, tabs, selected, onSelect, prefix, className }: TabsProps<Id>) {
  const list = useRef<HTMLDivElement>(null);

  const onKeyDown = (event: KeyboardEvent) => {
    const current = tabs.findIndex((tab) => tab.id === selected);
    const next = { ArrowRight: current + 1, ArrowLeft: current - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    const index = (next + tabs.length) % tabs.length;
    onSelect(tabs[index]!.id);
    list.current?.querySelectorAll<HTMLElement>("[role=tab]")[index]?.focus();
  };

  return (
    <div
      ref={list}
      role="tablist"
      aria-label={label}
      onKeyDown={onKeyDown}
      className={classes("flex gap-0.5", className)}
    >
      {tabs.map(({ id, title }) => (
        <button
          key={id}
          type="button"
          role="tab"
          id={`${prefix}-${id}-tab`}
          aria-selected={id === selected}
          aria-controls={`${prefix}-${id}`}
          tabIndex={id === selected ? 0 : -1}
          onClick={() => onSelect(id)}
          className={classes(
            "flex-1 border-b-2 px-1 py-2 font-medium whitespace-nowrap",
            id === selected ? "border-accent text-ink" : "border-transparent text-muted hover:text-ink",
          )}
        >
          {title}
        </button>
      ))}
    </div>
  );
}
