import type { StreamStatus } from "@/api/eventStream";
import type { Action } from "@/state/actions";

export interface Connection {
  status: StreamStatus;
  // When `status` began.
  since: number;
  // The node that serves this page, "" until it is known.
  served_by: string;
}

export const initialConnection: Connection = { status: "connecting", since: 0, served_by: "" };

export function reduceConnection(connection: Connection, action: Action): Connection {
  switch (action.type) {
    case "stream":
      return action.status === connection.status
        ? connection
        : { ...connection, status: action.status, since: action.at };
    case "served_by":
      return action.node === connection.served_by ? connection : { ...connection, served_by: action.node };
    default:
      return connection;
  }
}
