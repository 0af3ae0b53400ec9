import type { Incident } from "@/api/lab";
import { classes } from "@/components/classes";
import { Panel } from "@/components/Panel";

interface CatalogueProps {
  incidents: Incident[];
  chosen: string | undefined;
  onChoose: (name: string | undefined) => void;
}

export function Catalogue({ incidents, chosen, onChoose }: CatalogueProps) {
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
    <Panel title="What went wrong" className="max-h-52 shrink-0 wide:max-h-none wide:w-60">
      <ul className="flex min-h-0 flex-col gap-0.5 overflow-y-auto p-2">
        {incidents.map((one) => entry(one.name, one.title, one.happened.split(/[:(]/)[0]!))}
        {entry(undefined, "A free laboratory", "Nothing planned: break it yourself")}
      </ul>
    </Panel>
  );
}
