import { Tabs } from "@/components/Tabs";
import { addressOf, type Column, type Route } from "@/app/route";

const COLUMNS: { id: Column; title: string }[] = [
  { id: "cluster", title: "Cluster" },
  { id: "controls", title: "Controls" },
  { id: "timeline", title: "Timeline" },
];

// Where the window is narrow: which of the three columns is seen.
export function ColumnTabs({ column, route }: { column: Column; route: Route }) {
  const show = (id: Column) => {
    location.hash = id === "controls" ? addressOf(route.tab, route.items[route.tab]) : `#/${id}`;
  };
  return (
    <Tabs
      label="Columns"
      tabs={COLUMNS}
      selected={column}
      onSelect={show}
      prefix="column"
      className="border-t border-line bg-panel px-2 pb-[env(safe-area-inset-bottom)] wide:hidden"
    />
  );
}
