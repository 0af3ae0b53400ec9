import { memo } from "react";
import { classes } from "@/components/classes";
import { KINDS } from "@/features/timeline/kinds";
import type { TimelineEvent } from "@/state/timeline";

export const TimelineRow = memo(function TimelineRow({ event }: { event: TimelineEvent }) {
  const { word, glyph, color } = KINDS[event.kind];
  return (
    <li data-kind={event.kind} className={classes("border-l-3 border-current py-1 pl-2", color)}>
      <div className="flex items-baseline justify-between gap-2 text-2xs">
        <span className="font-semibold">
          <span aria-hidden="true">{glyph}</span> {word}
        </span>
        <time dateTime={new Date(event.at).toISOString()} className="font-mono text-muted">
          {clockTime(event.at)}
        </time>
      </div>
      <p className="font-medium break-words text-ink">{event.title}</p>
      {event.detail && <p className="line-clamp-3 text-xs break-words text-muted">{event.detail}</p>}
    </li>
  );
});

// 14:05:09.123, in this browser's time zone.
function clockTime(at: number): string {
  const date = new Date(at);
  const two = (value: number) => String(value).padStart(2, "0");
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
  return `${clock}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}
