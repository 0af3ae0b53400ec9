import { useState } from "react";
import { Choices } from "@/components/Choices";
import { Panel } from "@/components/Panel";
import { useDispatch, useSelect } from "@/state/hooks";
import { isClusterKind } from "@/state/timeline";
import { TimelineRow } from "@/features/timeline/TimelineRow";

const FILTERS = [
  { id: "all", title: "All" },
  { id: "cluster", title: "Cluster" },
  { id: "local", title: "This page" },
] as const;

type Filter = (typeof FILTERS)[number]["id"];

export function Timeline() {
  const dispatch = useDispatch();
  const events = useSelect((state) => state.timeline.events);
  const [filter, setFilter] = useState<Filter>("all");
  const shown = events.filter(({ kind }) => filter === "all" || isClusterKind(kind) === (filter === "cluster"));
  return (
    <Panel
      title="Event timeline"
      className="min-h-0 flex-1"
      aside={
        <button
          type="button"
          className="rounded px-1.5 text-xs text-muted enabled:hover:text-ink disabled:opacity-50"
          disabled={events.length === 0}
          onClick={() => dispatch({ type: "timeline_cleared" })}
        >
          Clear
        </button>
      }
    >
      <div className="px-2 pb-2">
        <Choices label="Events to show" choices={FILTERS} selected={filter} onSelect={setFilter} />
      </div>
      <ol
        role="log"
        aria-label="Events, newest first"
        aria-live="polite"
        tabIndex={0}
        className="relative min-h-0 flex-1 space-y-1.5 overflow-y-auto px-2 pb-2"
      >
        {shown.map((event) => (
          <TimelineRow key={event.id} event={event} />
        ))}
        {shown.length === 0 && <li className="py-3 text-center text-muted">Nothing has happened yet.</li>}
      </ol>
    </Panel>
  );
}
