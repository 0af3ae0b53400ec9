// The cluster's events, for as long as the page lives: opened again whenever it breaks.
//
// The browser's EventSource comes back by itself, with Last-Event-ID, from a connection that was cut. It gives up at an
// answer other than 200, and it never notices a server that holds the connection and says nothing. Both are seen to here.
import type { Frame } from "@/api/types";

export type StreamStatus = "connecting" | "open" | "reconnecting";

export interface EventStreamHandlers {
  onFrame(frame: Frame): void;
  onStatus(status: StreamStatus): void;
}

const STREAM_URL = "/api/events?include=chaos,log,links,members";
// A status frame comes every 500 ms: five missed in a row are silence.
const SILENCE_MS = 2_500;
// The browser tries again after the time that the server told it, 1 s; only well after that is it our turn.
const BROWSER_RETRY_MS = 6_000;
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 5_000;

// Returns what closes the stream for good.
export function openEventStream({ onFrame, onStatus }: EventStreamHandlers): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let retry_ms = FIRST_RETRY_MS;

  // One timer serves all: either we wait for something to be heard, or to open again.
  const after = (ms: number, task: () => void) => {
    clearTimeout(timer);
    timer = setTimeout(task, ms);
  };

  const openLater = () => {
    onStatus("reconnecting");
    after(retry_ms, open);
    retry_ms = Math.min(retry_ms * 2, LONGEST_RETRY_MS);
  };

  function open() {
    source?.close();
    const opened = new EventSource(STREAM_URL);
    source = opened;
    after(SILENCE_MS, openLater);
    opened.onmessage = (message: MessageEvent<string>) => {
      const frame = parseFrame(message.data);
      if (!frame) return;
      retry_ms = FIRST_RETRY_MS;
      after(SILENCE_MS, openLater);
      onStatus("open");
      onFrame(frame);
    };
    opened.onerror = () => {
      if (opened.readyState === EventSource.CLOSED) return openLater();
      onStatus("reconnecting");
      after(BROWSER_RETRY_MS, openLater);
    };
  }

  onStatus("connecting");
  open();
  return () => {
    clearTimeout(timer);
    source?.close();
  };
}

// Undefined for what is no frame; a type that this page does not know is passed on and ignored by whoever reads it.
export function parseFrame(text: string): Frame | undefined {
  try {
    const frame: unknown = JSON.parse(text);
    const isFrame = typeof frame === "object" && frame !== null && "type" in frame && "data" in frame;
    return isFrame ? (frame as Frame) : undefined;
  } catch {
    return undefined;
  }
}
