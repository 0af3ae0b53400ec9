// A message that was clicked on, or those under way at the cursor: what they say, and the way to lose one.
import { Button } from "@/components/Button";
import { Panel } from "@/components/Panel";
import type { Run } from "@/features/lab/useRuns";
import { inFlight, type Message } from "@/features/lab/picture";

interface MessagePanelProps {
  run: Run;
  cursor: number;
  chosen: number | undefined;
  onLose: (message: Message) => void;
}

const SHOWN = 6;
// What the line above the fields says already.
const TOLD = new Set(["t", "e", "n", "from", "to", "kind"]);

export function MessagePanel({ run, cursor, chosen, onLose }: MessagePanelProps) {
  const { picture, trace } = run;
  const picked = chosen === undefined ? undefined : picture.messages.find(({ number }) => number === chosen);
  const flying = inFlight(picture, cursor);
  const shown = picked ? [picked] : flying.slice(0, SHOWN);
  const fields = (message: Message) =>
    Object.entries(trace.events[message.event]!)
      .filter(([name]) => !TOLD.has(name))
      .map(([name, value]) => `${name} ${JSON.stringify(value)}`)
      .join(", ");
  return (
    <Panel title={picked ? `Message ${picked.number}` : "Messages under way"}>
      {/* Of one height whatever is under way: nothing below may move while somebody scrubs. */}
      <ul className="flex h-36 flex-col gap-1.5 overflow-y-auto px-3 pb-3">
        {shown.map((message) => (
          <li key={message.number} className="flex items-start gap-2 text-2xs">
            <span className="min-w-0 flex-1 font-mono break-words">
              <b>
                {message.number} {message.kind}
              </b>{" "}
              {picture.nodes[message.from]} → {picture.nodes[message.to]}, sent at {message.sent.toFixed(1)},{" "}
              {message.lost ? `lost (${message.lost})` : `there at ${message.until.toFixed(1)}`}
              <span className="block text-muted">{fields(message)}</span>
            </span>
            {!message.lost && (
              <Button
                className="px-1.5 py-0.5 text-2xs"
                aria-label={`Lose message ${message.number}`}
                onClick={() => onLose(message)}
              >
                Lose it
              </Button>
            )}
          </li>
        ))}
        {shown.length === 0 && <li className="text-muted">None at this moment.</li>}
        {!picked && flying.length > SHOWN && <li className="text-muted">and {flying.length - SHOWN} more</li>}
      </ul>
    </Panel>
  );
}
