// Reads the keys that begin with a prefix, and follows them: by the server's watch, or, where it has none, by reading the
// list again and again.
import { listKeys } from "@/api/keys";
import { messageOf } from "@/api/request";
import { watchKeys, type Change } from "@/api/watch";
import { indexOf, nextOf, NOTHING, withChanges, withPage, withRows, type KeyList } from "@/features/kv/keyList";

export const PAGE = 100;
// What the server gives at once.
const LONGEST_PAGE = 1_000;
export const POLL_MS = 2_000;
// Many changes a second are shown together.
const SHOW_MS = 100;
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 5_000;

export interface Followed {
  prefix: string;
  list: KeyList;
  // `reading`: nothing is there yet. `broken`: what is shown may be old; `error` says why.
  mode: "reading" | "watching" | "polling" | "broken";
  error: string;
  // Whether the next page is under way.
  more: boolean;
}

export const UNREAD: Followed = { prefix: "", list: NOTHING, mode: "reading", error: "", more: false };

export class KeyFollower {
  #followed: Followed;
  #listed = false;
  // Of the last event of the watch; "" where it begins after the list.
  #last_id = "";
  #watchable = true;
  #retry_ms = FIRST_RETRY_MS;
  // The newest change of each key that is not shown yet; while a list is under way, it may be newer than that.
  readonly #pending = new Map<string, Change>();
  #reads = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly prefix: string,
    readonly publish: (followed: Followed) => void,
  ) {
    this.#followed = { ...UNREAD, prefix };
  }

  // Until `signal`; may be started again, and then goes on where it was.
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (!this.#listed) await this.#list(signal);
        await (this.#watchable ? this.#watch(signal) : this.#poll(signal));
      } catch (error) {
        if (signal.aborted) return;
        this.#listed = false;
        this.#set({ mode: "broken", error: messageOf(error) });
        await this.#retryLater(signal);
      }
    }
  }

  // What the page itself changed shows at once.
  note(change: Change): void {
    this.#keep(change);
    const list = withChanges(this.#followed.list, this.#pending.values());
    if (list !== this.#followed.list) this.#set({ list });
  }

  #keep(change: Change): void {
    if (!change.key.startsWith(this.prefix)) return;
    const before = this.#pending.get(change.key);
    if (before && before.version > change.version) return;
    this.#pending.set(change.key, change);
    this.#timer ??= setTimeout(() => this.#show(), SHOW_MS);
  }

  async readMore(signal: AbortSignal): Promise<void> {
    const after = nextOf(this.#followed.list);
    if (after === null || this.#followed.more) return;
    this.#set({ more: true });
    try {
      const page = await this.#reading(() => listKeys({ prefix: this.prefix, after, limit: PAGE }, signal));
      // It may have been listed again meanwhile, and end elsewhere.
      if (nextOf(this.#followed.list) === after) this.#set({ list: withPage(this.#followed.list, page), error: "" });
    } catch (error) {
      if (!signal.aborted) this.#set({ error: messageOf(error) });
    } finally {
      this.#set({ more: false });
      this.#show();
    }
  }

  // As many rows as are there, so that nothing vanishes under who reads it.
  async #list(signal: AbortSignal): Promise<void> {
    const { list: before } = this.#followed;
    const now = await this.#reading(async () => {
      const wanted = Math.max(PAGE, before.rows.length);
      let list = NOTHING;
      do {
        const limit = Math.min(LONGEST_PAGE, wanted - list.rows.length);
        list = withPage(list, await listKeys({ prefix: this.prefix, after: nextOf(list), limit }, signal));
      } while (nextOf(list) !== null && list.rows.length < wanted);
      return list;
    });
    this.#listed = true;
    this.#last_id = "";
    const first = before.spans.length === 0;
    this.#set({ list: first ? now : withRows(before, now), error: "", ...(!this.#watchable && { mode: "polling" }) });
    this.#show();
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const end = await watchKeys({
      prefix: this.prefix,
      from: indexOf(this.#followed.list) + 1,
      last_id: this.#last_id,
      signal,
      onOpen: () => {
        this.#retry_ms = FIRST_RETRY_MS;
        this.#set({ mode: "watching", error: "" });
      },
      onId: (id) => (this.#last_id = id),
      onChange: (change) => this.#keep(change),
    });
    if (end === "absent") {
      this.#watchable = false;
      return this.#set({ mode: "polling", error: "" });
    }
    if (end === "lost") this.#listed = false;
    else this.#set({ mode: "broken", error: "the connection was cut" });
    await this.#retryLater(signal);
  }

  async #poll(signal: AbortSignal): Promise<void> {
    await pause(POLL_MS, signal);
    this.#listed = false;
  }

  async #retryLater(signal: AbortSignal): Promise<void> {
    await pause(this.#retry_ms, signal);
    this.#retry_ms = Math.min(this.#retry_ms * 2, LONGEST_RETRY_MS);
  }

  // What is told while a list is read may be missing in it: it is kept until then.
  async #reading<Result>(read: () => Promise<Result>): Promise<Result> {
    ++this.#reads;
    try {
      return await read();
    } finally {
      --this.#reads;
    }
  }

  #show(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#reads > 0) return;
    const list = withChanges(this.#followed.list, this.#pending.values());
    this.#pending.clear();
    if (list !== this.#followed.list) this.#set({ list });
  }

  #set(change: Partial<Followed>): void {
    this.#followed = { ...this.#followed, ...change };
    this.publish(this.#followed);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
