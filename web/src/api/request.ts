// One HTTP request to the node that served this page.

// Longer than the server's own deadline of 5 s for a request, so that its verdict arrives before our patience ends.
const PATIENCE_MS = 15_000;

export interface Answer<Data> {
  data: Data;
  // The node that answered, from the header Raftly-Node: the leader where the request was forwarded.
  node: string;
  status: number;
  elapsed_ms: number;
  // The key's version, from the header ETag; 0 where the answer is not about one key.
  version: number;
}

// The server refused, or could not be asked (status 0).
export class RequestError extends Error {
  override readonly name = "RequestError";

  constructor(
    message: string,
    readonly status: number,
    readonly node = "",
    readonly elapsed_ms = 0,
  ) {
    super(message);
  }
}

interface RequestOptions {
  body?: unknown;
  headers?: Readonly<Record<string, string>>;
  signal?: AbortSignal | undefined;
  // Lets the request outlive the page.
  keepalive?: boolean;
}

export async function request<Data>(
  method: "GET" | "POST" | "PUT" | "DELETE",
  path: string,
  { body, headers, signal, keepalive = false }: RequestOptions = {},
): Promise<Answer<Data>> {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  const start = performance.now();
  let response: Response;
  let text: string;
  try {
    response = await fetch(path, {
      method,
      keepalive,
      cache: "no-store",
      signal: signal ? AbortSignal.any([signal, patience]) : patience,
      ...(body !== undefined && { body: JSON.stringify(body) }),
      headers: { ...(body !== undefined && { "Content-Type": "application/json" }), ...headers },
    });
    text = await response.text();
  } catch (error) {
    signal?.throwIfAborted();
    const why = patience.aborted ? `no answer within ${PATIENCE_MS / 1000} s` : "the node cannot be reached";
    throw new RequestError(why, 0, "", performance.now() - start);
  }
  const elapsed_ms = performance.now() - start;
  const node = response.headers.get("Raftly-Node") ?? "";
  if (!response.ok) throw refusalOf(text, response.status, node, elapsed_ms);
  const data = parse(text);
  const version = Number(/^"(\d+)"$/.exec(response.headers.get("ETag") ?? "")?.[1] ?? 0);
  return { data: data as Data, node, status: response.status, elapsed_ms, version };
}

export function refusalOf(text: string, status: number, node = "", elapsed_ms = 0): RequestError {
  return new RequestError(errorOf(parse(text)) ?? `HTTP ${status}`, status, node, elapsed_ms);
}

function parse(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function errorOf(data: unknown): string | undefined {
  if (typeof data !== "object" || data === null || !("error" in data)) return undefined;
  return typeof data.error === "string" ? data.error : undefined;
}

// What to tell a person about something that was thrown.
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
