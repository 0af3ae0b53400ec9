// Who this page is to its node. The token goes over once; a cookie that no script can read stands for it from then on.
import { request } from "@/api/request";

export interface Session {
  // Whether this node wants a token at all.
  required: boolean;
  // Of the token; empty without one.
  name: string;
  roles: string[];
  // Whether this page came over TLS.
  encrypted: boolean;
}

export async function readSession(): Promise<Session> {
  return (await request<Session>("GET", "/api/session")).data;
}

export async function beginSession(token: string): Promise<Session> {
  return (await request<Session>("POST", "/api/session", { body: { token } })).data;
}

export async function endSession(): Promise<void> {
  await request<Session>("DELETE", "/api/session");
}
