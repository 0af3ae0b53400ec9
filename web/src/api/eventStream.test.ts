import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { openEventStream, parseFrame } from "@/api/eventStream";

class FakeEventSource {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSED = 2;
  static all: FakeEventSource[] = [];
  readyState = FakeEventSource.CONNECTING;
  onmessage?: (message: { data: string }) => void;
  onerror?: () => void;

  constructor(readonly url: string) {
    FakeEventSource.all.push(this);
  }
  close() {
    this.readyState = FakeEventSource.CLOSED;
  }
  say(type = "status") {
    this.onmessage?.({ data: JSON.stringify({ type, timestamp: 1, data: {} }) });
  }
  fail(readyState: number) {
    this.readyState = readyState;
    this.onerror?.();
  }
}

const sources = FakeEventSource.all;
const latest = () => sources.at(-1)!;
let statuses: string[];
let frames: string[];
let close: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("EventSource", FakeEventSource);
  sources.length = 0;
  statuses = [];
  frames = [];
  close = openEventStream({
    onFrame: ({ type }) => frames.push(type),
    onStatus: (status) => statuses.at(-1) !== status && statuses.push(status),
  });
});
afterEach(() => {
  close();
  vi.useRealTimers();
});

it("asks for everything that the page shows", () => {
  expect(latest().url).toBe("/api/events?include=chaos,log,links,members");
});

it("is open once something was heard", () => {
  expect(statuses).toEqual(["connecting"]);
  latest().say("log");
  expect(statuses).toEqual(["connecting", "open"]);
  expect(frames).toEqual(["log"]);
});

it("leaves a broken connection to the browser, which remembers the last id", () => {
  latest().say();
  latest().fail(FakeEventSource.CONNECTING);
  expect(statuses.at(-1)).toBe("reconnecting");
  vi.advanceTimersByTime(2_000);
  expect(sources).toHaveLength(1);
  latest().say();
  expect(statuses.at(-1)).toBe("open");
});

it("opens again by itself where the browser has given up, after longer and longer times", () => {
  latest().say();
  for (const wait of [500, 1_000, 2_000, 4_000, 5_000, 5_000]) {
    const before = sources.length;
    latest().fail(FakeEventSource.CLOSED);
    vi.advanceTimersByTime(wait - 1);
    expect(sources).toHaveLength(before);
    vi.advanceTimersByTime(1);
    expect(sources).toHaveLength(before + 1);
  }
});

it("takes silence for a break", () => {
  latest().say();
  vi.advanceTimersByTime(2_400);
  expect(statuses.at(-1)).toBe("open");
  latest().say();
  vi.advanceTimersByTime(2_400);
  expect(statuses.at(-1)).toBe("open");
  vi.advanceTimersByTime(100);
  expect(statuses.at(-1)).toBe("reconnecting");
  vi.advanceTimersByTime(500);
  expect(sources.map(({ readyState }) => readyState)).toEqual([FakeEventSource.CLOSED, FakeEventSource.CONNECTING]);
});

it("does not open again once it is closed", () => {
  latest().fail(FakeEventSource.CLOSED);
  close();
  vi.advanceTimersByTime(60_000);
  expect(sources).toHaveLength(1);
});

it.each(["", "{", "null", "[]", '{"type":"status"}'])("does not take %j for a frame", (text) => {
  expect(parseFrame(text)).toBeUndefined();
});
