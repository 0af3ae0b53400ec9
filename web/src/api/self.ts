import { request } from "@/api/request";

// The id of the node that serves this page.
export async function readSelf(): Promise<string> {
  return (await request<{ id: string }>("GET", "/status")).data.id;
}
