// The incidents, in the order in which they are worth learning, or by the rule that they break or the system they befell.
import { useEffect, useRef, useState } from "react";
import type { Incident } from "@/api/lab";
import { Button } from "@/components/Button";
import { classes } from "@/components/classes";
import { Panel } from "@/components/Panel";
import { ORDERS, grouped, type Order } from "@/features/lab/catalogueOrder";

interface CatalogueProps {
  incidents: Incident[];
  chosen: string | undefined;
  onChoose: (name: string | undefined) => void;
  onSurprise?: (() => void) | undefined;
}

export function Catalogue({ incidents, chosen, onChoose, onSurprise }: CatalogueProps) {
  const [order, setOrder] = useState<Order>("first");
  const list = useRef<HTMLDivElement>(null);
  // Whoever comes by a link sees where they are.
  useEffect(() => {
    const box = list.current;
    const one = box?.querySelector<HTMLElement>('[aria-current="true"]');
    if (box && one) box.scrollTop = Math.max(0, one.offsetTop - box.offsetTop - box.clientHeight / 3);
  }, [chosen, order, incidents.length]);
  const entry = (name: string | undefined, title: string, under: string) => (
    <li key={name ?? ""}>
      <button
        type="button"
        aria-current={chosen === name}
        onClick={() => onChoose(name)}
        className={classes(
          "w-full rounded-md border px-2 py-1.5 text-left hover:border-muted",
          chosen === name ? "border-accent bg-raised" : "border-transparent",
        )}
      >
        <span className="block font-medium">{title}</span>
        <span className="block truncate text-xs text-muted">{under}</span>
      </button>
    </li>
  );
  return (
    <Panel
      title="What went wrong"
      tour="catalogue"
      className="max-h-60 shrink-0 wide:max-h-none wide:w-60"
      aside={
        incidents.length > 1 && (
          <select
            aria-label="Order of the incidents"
            className="min-w-0 rounded-md border border-line bg-raised px-1 py-0.5 text-xs"
            value={order}
            onChange={(event) => setOrder(event.target.value as Order)}
          >
            {ORDERS.map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </select>
        )
      }
    >
      <div ref={list} className="min-h-0 flex-1 overflow-y-auto p-2">
        {onSurprise && (
          <ul className="mb-1 flex flex-col gap-0.5">
            {entry(undefined, "A free laboratory", "Nothing planned: break it yourself")}
            <li className="px-2 py-1">
              <Button className="w-full" onClick={onSurprise}>
                Surprise me
              </Button>
            </li>
          </ul>
        )}
        {grouped(incidents, order).map(([heading, ones]) => (
          <section key={heading} aria-label={heading || "All incidents"}>
            {heading && <h3 className="px-2 pt-2 text-2xs font-semibold text-muted uppercase">{heading}</h3>}
            <ul className="flex flex-col gap-0.5">
              {ones.map((one) =>
                entry(
                  one.name,
                  one.title,
                  one.waits_for ? "to read; cannot be run yet" : one.happened.split(/[:(]/)[0]!,
                ),
              )}
            </ul>
          </section>
        ))}
      </div>
    </Panel>
  );
}
