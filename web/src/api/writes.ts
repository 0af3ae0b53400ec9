// Writes that happen once, however often they have to be sent: each carries an Idempotency-Key, and the server repeats its
// first answer to that. And writes with a condition, so that nobody's change is lost unseen.
import { pathOf } from "@/api/keys";
import { request, RequestError, type Answer } from "@/api/request";

// `expected` is the version that the key has to have, 0: there has to be none.
export type Write =
  | { op: "put"; key: string; value: string; expected: number }
  | { op: "delete"; key: string; expected: number }
  | { op: "add"; key: string; amount: number };

// After which times a write is sent again that nobody has answered for.
const WAITS_MS = [250, 500, 1_000, 2_000];

// crypto.randomUUID is there only where the page came over TLS or from this machine.
export function newIdempotencyKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Whether the write may have happened, although nobody said so: nothing was heard, or 504.
export function isUnsettled(error: unknown): boolean {
  return error instanceof RequestError && (error.status === 0 || error.status === 504);
}

// Resolves with the version of the change. `onAgain` is told before each time that it is sent again, and why.
export async function write(
  change: Write,
  idempotency_key: string,
  onAgain: (why: string) => void = () => undefined,
): Promise<Answer<{ value: string } | undefined>> {
  for (const wait_ms of WAITS_MS) {
    try {
      return await send(change, idempotency_key);
    } catch (error) {
      if (!isUnsettled(error) && !(error instanceof RequestError && error.status === 503)) throw error;
      onAgain((error as RequestError).message);
    }
    await new Promise((resolve) => setTimeout(resolve, wait_ms));
  }
  return send(change, idempotency_key);
}

async function send(change: Write, idempotency_key: string): Promise<Answer<{ value: string } | undefined>> {
  const path = pathOf(change.key);
  const headers = { "Idempotency-Key": idempotency_key };
  if (change.op === "add") return request("POST", path, { body: { add: change.amount }, headers });
  const condition: Record<string, string> =
    change.expected === 0 ? { "If-None-Match": "*" } : { "If-Match": `"${change.expected}"` };
  return change.op === "put"
    ? request("PUT", path, { body: { value: change.value }, headers: { ...headers, ...condition } })
    : request("DELETE", path, { headers: { ...headers, ...condition } });
}
