import { deleteKey, getKey, putKey, type Consistency } from "@/api/keys";
import { messageOf, RequestError } from "@/api/request";

export interface Operation {
  kind: "put" | "get" | "delete";
  key: string;
  // Of a put.
  value: string;
  // Of a get.
  consistency: Consistency;
}

export interface OperationResult {
  operation: Operation;
  // 0 where no answer came.
  status: number;
  // The node that answered, "" where none did.
  node: string;
  elapsed_ms: number;
  // The value read, or what went wrong.
  text: string;
}

// Never throws: a refusal is a result.
export async function perform(operation: Operation): Promise<OperationResult> {
  try {
    const { status, node, elapsed_ms, text } = await send(operation);
    return { operation, status, node, elapsed_ms, text };
  } catch (error) {
    const { status, node, elapsed_ms } = error instanceof RequestError ? error : new RequestError("", 0);
    return { operation, status, node, elapsed_ms, text: messageOf(error) };
  }
}

async function send({ kind, key, value, consistency }: Operation) {
  switch (kind) {
    case "put":
      return { ...(await putKey(key, value)), text: "committed and applied" };
    case "get": {
      const answer = await getKey(key, consistency);
      return { ...answer, text: answer.data.value };
    }
    case "delete":
      return { ...(await deleteKey(key)), text: "gone" };
  }
}

// Who handled it, said to someone who sent it to `served_by`.
export function routeOf({ node, status, operation }: OperationResult, served_by: string): string {
  if (!node) return "No node answered";
  if (operation.kind === "get" && operation.consistency === "stale")
    return `Answered by ${node} alone, from its own state`;
  if (status >= 500) return `Answered by ${node}`;
  if (!served_by || node === served_by) return `Routed to leader ${node}: this page’s own node`;
  return `Routed to leader ${node}, by ${served_by}`;
}
