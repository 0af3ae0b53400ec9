import { useId, type ReactNode } from "react";
import { classes } from "@/components/classes";

interface PanelProps {
  title: string;
  // Beside the title, at the right.
  aside?: ReactNode;
  className?: string;
  // What a tour of the page knows it by.
  tour?: string;
  children: ReactNode;
}

export function Panel({ title, aside, className, tour, children }: PanelProps) {
  const heading = useId();
  return (
    <section
      aria-labelledby={heading}
      data-tour={tour}
      className={classes("flex flex-col rounded-lg border border-line bg-panel", className)}
    >
      <div className="flex min-h-8 items-center justify-between gap-2 px-3 pt-1">
        <h2 id={heading} className="text-xs font-semibold whitespace-nowrap text-muted">
          {title}
        </h2>
        {aside}
      </div>
      {children}
    </section>
  );
}
