import { expect, it, vi } from "vitest";
import { watchKeys, type Change } from "@/api/watch";

// What comes of an answer whose body arrives in these pieces.
async function watch(pieces: (string | Uint8Array)[], status = 200, last_id = "") {
  const fetch = vi.fn(() => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const piece of pieces)
          controller.enqueue(typeof piece === "string" ? new TextEncoder().encode(piece) : piece);
        controller.close();
      },
    });
    return Promise.resolve(new Response(body, { status }));
  });
  vi.stubGlobal("fetch", fetch);
  const seen: (Change | string)[] = [];
  const onOpen = vi.fn();
  const { signal } = new AbortController();
  const tell = (what: Change | string) => void seen.push(what);
  const end = await watchKeys({ prefix: "a&b", from: 7, last_id, signal, onOpen, onChange: tell, onId: tell });
  const [path, { headers }] = fetch.mock.calls[0] as unknown as [string, { headers: Record<string, string> }];
  return { end, seen, opened: onOpen.mock.calls.length, path, after: headers["Last-Event-ID"] };
}

const put = { op: "put", key: "kä", value: "line\nbreak", version: 8 };
const frame = `id: 8\ndata: ${JSON.stringify(put)}\n\n`;

it("asks for what begins with the prefix, from an index on", async () => {
  expect(await watch([])).toMatchObject({ path: "/api/watch?prefix=a%26b&from=7", after: undefined });
  expect(await watch([], 200, "12.1")).toMatchObject({ after: "12.1" });
});

it("tells changes one by one, however they are cut into pieces", async () => {
  const bytes = new TextEncoder().encode(`: hello\n\nid: 7\n\n${frame}retry: 100\n\n${frame.replaceAll("8", "9")}`);
  const singles = [...bytes].map((byte) => Uint8Array.of(byte));
  const expected = ["7", put, "8", { ...put, version: 9 }, "9"];
  for (const pieces of [[bytes], singles]) {
    expect(await watch(pieces)).toMatchObject({ end: "broken", opened: 1, seen: expected });
  }
});

it("passes over what it does not understand", async () => {
  const odd = ["{", "null", "[]", '{"op":"put"}', '{"op":"burn","key":"k","version":1}'].map(
    (data) => `data: ${data}\n\n`,
  );
  expect(await watch([...odd, frame])).toMatchObject({ seen: [put, "8"] });
});

it("ends as lost where the server says that it was too slow", async () => {
  expect(await watch([frame, "event: gone\ndata: {}\n\n", frame])).toMatchObject({ end: "lost", seen: [put, "8"] });
});

it.each([
  [410, "lost"],
  [404, "absent"],
  [501, "absent"],
])("takes %i for %s", async (status, end) => {
  expect(await watch(['{"error":"no"}'], status)).toMatchObject({ end, opened: 0 });
});

it("passes on any other refusal", async () => {
  await expect(watch(['{"error":"too many streams"}'], 503)).rejects.toThrow("too many streams");
});
