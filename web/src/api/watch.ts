// GET /api/watch: the changes of keys, one after the other.
//
// Read with fetch and not with EventSource, which tells nobody the status of a refusal: 410 wants another answer than 404.
import { refusalOf } from "@/api/request";

export interface Change {
  op: "put" | "delete";
  key: string;
  // Of a put.
  value?: string;
  version: number;
}

// Why it ended. `broken`: go on from the last index. `lost`: changes are missing, list again. `absent`: this server has
// no watch.
export type WatchEnd = "broken" | "lost" | "absent";

// A line comes every 15 s at least: two missed in a row are silence.
const SILENCE_MS = 40_000;

interface WatchHandlers {
  prefix: string;
  // The index to begin with, where there is no `last_id`.
  from: number;
  // The last that was told, by any node; "" before there is one.
  last_id: string;
  signal: AbortSignal;
  onOpen(): void;
  onId(id: string): void;
  onChange(change: Change): void;
}

// Resolves when the stream ends, and rejects where it was refused for another reason, or at `signal`.
export async function watchKeys({
  prefix,
  from,
  last_id,
  signal,
  onOpen,
  onId,
  onChange,
}: WatchHandlers): Promise<WatchEnd> {
  const query = new URLSearchParams({ prefix, from: String(from) });
  const response = await fetch(`/api/watch?${query}`, {
    headers: { Accept: "text/event-stream", ...(last_id && { "Last-Event-ID": last_id }) },
    cache: "no-store",
    signal,
  });
  if (response.status === 410) return "lost";
  if (response.status === 404 || response.status === 501) return "absent";
  if (!response.ok || !response.body) throw refusalOf(await response.text(), response.status);
  onOpen();
  try {
    for await (const { event, id, data } of events(response.body)) {
      // Any other name (`gone`) says that this reader was too slow and has missed something.
      if (event !== "message") return "lost";
      const change = parseChange(data);
      if (change) onChange(change);
      if (id) onId(id);
    }
  } catch {
    signal.throwIfAborted();
  }
  return "broken";
}

interface ServerSentEvent {
  event: string;
  id: string;
  data: string;
}

// The event stream format of the HTML standard, as this server writes it: lines end with \n. Comments are skipped.
async function* events(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  let silence: ReturnType<typeof setTimeout> | undefined;
  try {
    for (;;) {
      // A connection that nobody has ended may be dead all the same.
      silence = setTimeout(() => void reader.cancel(), SILENCE_MS);
      const { done, value } = await reader.read();
      clearTimeout(silence);
      if (done) return;
      const blocks = (rest + decoder.decode(value, { stream: true })).split("\n\n");
      rest = blocks.pop()!;
      yield* blocks.map(parseEvent);
    }
  } finally {
    clearTimeout(silence);
    void reader.cancel().catch(() => undefined);
  }
}

function parseEvent(block: string): ServerSentEvent {
  const event: ServerSentEvent = { event: "message", id: "", data: "" };
  const data: string[] = [];
  for (const line of block.split("\n")) {
    const [, field, text] = /^([^:]+): ?(.*)$/s.exec(line) ?? [];
    if (field === "data") data.push(text!);
    if (field === "id") event.id = text!;
    if (field === "event") event.event = text!;
  }
  return { ...event, data: data.join("\n") };
}

function parseChange(text: string): Change | undefined {
  try {
    const change = JSON.parse(text) as Partial<Change> | null;
    const known = change?.op === "put" || change?.op === "delete";
    return known && typeof change.key === "string" && typeof change.version === "number"
      ? (change as Change)
      : undefined;
  } catch {
    return undefined;
  }
}
