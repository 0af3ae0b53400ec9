// A server that holds keys, as far as a page sees it: lists, conditions, Idempotency-Key, and the watch.
import { vi } from "vitest";
import type { KeyEntry } from "@/api/keys";
import { compareKeys } from "@/features/kv/keyList";

export class FakeKeys {
  readonly entries = new Map<string, KeyEntry>();
  index = 0;
  // What was asked, by method and path.
  readonly asked: { what: string; headers: Record<string, string> }[] = [];
  // Answers that come instead of the server's own, by what is asked; each once.
  readonly instead: { what: RegExp; status: number; after?: boolean }[] = [];
  watchable = true;
  #held: { what: RegExp; released: Promise<void> } | undefined;
  readonly #answers = new Map<string, { status: number; body: unknown }>();
  readonly #watches = new Set<ReadableStreamDefaultController<Uint8Array>>();

  constructor(values: Record<string, string> = {}) {
    for (const [key, value] of Object.entries(values)) this.put(key, value);
    vi.stubGlobal("fetch", async (path: string, init: RequestInit = {}) => {
      const answer = this.#answer(path, init);
      if (this.#held?.what.test(path)) await this.#held.released;
      return answer;
    });
  }

  count(what: string): number {
    return this.asked.filter((each) => each.what.startsWith(what)).length;
  }

  // Answers to such paths are on their way until the function is called that comes out.
  hold(what: RegExp): () => void {
    let release = (): void => undefined;
    this.#held = { what, released: new Promise((resolve) => (release = resolve)) };
    return () => release();
  }

  // By somebody else.
  put(key: string, value: string): number {
    this.entries.set(key, { key, value, version: ++this.index });
    this.say(`id: ${this.index}\ndata: ${JSON.stringify({ op: "put", key, value, version: this.index })}\n\n`);
    return this.index;
  }

  delete(key: string): number {
    this.entries.delete(key);
    this.say(`id: ${++this.index}\ndata: ${JSON.stringify({ op: "delete", key, version: this.index })}\n\n`);
    return this.index;
  }

  say(text: string): void {
    for (const watch of this.#watches) watch.enqueue(new TextEncoder().encode(text));
  }

  // Ends all watches, as a connection that is cut.
  hangUp(): void {
    for (const watch of this.#watches) watch.close();
    this.#watches.clear();
  }

  #answer(path: string, init: RequestInit): Response {
    const headers = { ...(init.headers as Record<string, string>) };
    const what = `${init.method ?? "GET"} ${path}`;
    this.asked.push({ what, headers });
    const at = this.instead.findIndex((each) => each.what.test(what));
    const [instead] = at >= 0 ? this.instead.splice(at, 1) : [];
    if (instead && !instead.after) return reply(instead.status, { error: `status ${instead.status}` });
    const response = path.startsWith("/api/watch") ? this.#watch(init) : this.#once(what, init, headers);
    return instead ? reply(instead.status, { error: `status ${instead.status}` }) : response;
  }

  #once(what: string, init: RequestInit, headers: Record<string, string>): Response {
    const id = headers["Idempotency-Key"];
    const before = id === undefined ? undefined : this.#answers.get(id);
    const { status, body } = before ?? this.#handle(what, init, headers);
    if (id !== undefined) this.#answers.set(id, { status, body });
    return reply(status, body);
  }

  #handle(what: string, init: RequestInit, headers: Record<string, string>): { status: number; body: unknown } {
    const url = new URL(what.replace(/^\w+ /, ""), "http://node1");
    if (url.pathname === "/keys") return { status: 200, body: this.#list(url.searchParams) };
    const key = decodeURIComponent(url.pathname.replace("/keys/", ""));
    const entry = this.entries.get(key);
    if (init.method === "GET") return entry ? { status: 200, body: entry } : { status: 404, body: { error: "no key" } };
    const expected = headers["If-Match"];
    const differs = expected !== undefined && expected !== `"${entry?.version}"`;
    if (differs || (headers["If-None-Match"] === "*" && entry))
      return { status: 412, body: { error: "other version" } };
    if (init.method === "DELETE") return { status: 200, body: { version: this.delete(key) } };
    const { value, add } = JSON.parse(init.body as string) as { value?: string; add?: number };
    const written = value ?? String(Number(entry?.value ?? 0) + add!);
    return { status: 200, body: { value: written, version: this.put(key, written) } };
  }

  #list(query: URLSearchParams) {
    const after = query.get("after");
    const found = [...this.entries.values()]
      .filter(({ key }) => key.startsWith(query.get("prefix") ?? ""))
      .filter(({ key }) => after === null || compareKeys(key, after) > 0)
      .sort((a, b) => compareKeys(a.key, b.key));
    const keys = found.slice(0, Number(query.get("limit")));
    return { keys, next: keys.length < found.length ? keys.at(-1)!.key : null, index: this.index };
  }

  #watch({ signal }: RequestInit): Response {
    if (!this.watchable) return reply(404, { error: "not found" });
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#watches.add(controller);
        signal?.addEventListener("abort", () => {
          if (this.#watches.delete(controller)) controller.error(signal.reason);
        });
      },
    });
    return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
  }
}

function reply(status: number, body: unknown): Response {
  const version = (body as { version?: number }).version;
  return new Response(JSON.stringify(body), { status, headers: version ? { ETag: `"${version}"` } : {} });
}
