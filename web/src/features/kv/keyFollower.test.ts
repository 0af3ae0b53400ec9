import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { KeyFollower, POLL_MS, UNREAD, type Followed } from "@/features/kv/keyFollower";
import { FakeKeys } from "@/test/fakeKeys";

let followed: Followed;
let end: AbortController;
const shown = () => followed.list.rows.map(({ key, value }) => `${key}=${value}`).join(" ");
const settle = (ms = 150) => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  vi.useFakeTimers();
  followed = UNREAD;
  end = new AbortController();
});
afterEach(() => {
  end.abort();
  vi.useRealTimers();
});

async function follow(prefix = ""): Promise<KeyFollower> {
  const follower = new KeyFollower(prefix, (now) => (followed = now));
  void follower.run(end.signal);
  await settle();
  return follower;
}
const hundreds = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${String(i).padStart(3, "0")}`, "v"]));

it("lists, and follows by the watch", async () => {
  const server = new FakeKeys({ a: "1", c: "3" });
  await follow();
  expect([followed.mode, shown()]).toEqual(["watching", "a=1 c=3"]);
  server.put("b", "2");
  server.put("c", "4");
  server.delete("a");
  await settle();
  expect(shown()).toBe("b=2 c=4");
  expect(server.asked.map(({ what }) => what)).toEqual(["GET /keys?limit=100", "GET /api/watch?prefix=&from=3"]);
});

it("follows a prefix only, also in what the page writes itself", async () => {
  new FakeKeys({ "a/1": "x", b: "y" });
  const follower = await follow("a/");
  follower.note({ op: "put", key: "b", value: "z", version: 3 });
  follower.note({ op: "put", key: "a/2", value: "z", version: 4 });
  expect(shown()).toBe("a/1=x a/2=z");
});

it("goes on after the last index where the connection was cut, without listing", async () => {
  const server = new FakeKeys({ a: "1" });
  await follow();
  server.put("a", "2");
  await settle();
  server.hangUp();
  await settle(10);
  expect(followed).toMatchObject({ mode: "broken", error: "the connection was cut" });
  await settle(1_000);
  expect([followed.mode, server.count("GET /keys"), server.asked.at(-1)!.what]).toEqual([
    "watching",
    1,
    "GET /api/watch?prefix=&from=2",
  ]);
  expect(server.asked.at(-1)!.headers["Last-Event-ID"]).toBe("2");
});

it.each(["410", "too slow"])("lists again and goes on from there: %s", async (why) => {
  const server = new FakeKeys({ a: "1" });
  if (why === "410") server.instead.push({ what: /watch/, status: 410 });
  await follow();
  server.entries.set("b", { key: "b", value: "unseen", version: ++server.index });
  if (why === "too slow") server.say("event: gone\ndata: {}\n\n");
  await settle(1_000);
  expect([followed.mode, shown()]).toEqual(["watching", "a=1 b=unseen"]);
  expect(server.asked.at(-1)!.what).toBe("GET /api/watch?prefix=&from=3");
  expect(server.asked.at(-1)!.headers["Last-Event-ID"]).toBeUndefined();
});

it("reads again every 2 s where there is no watch", async () => {
  const server = new FakeKeys({ a: "1" });
  server.watchable = false;
  await follow();
  expect([followed.mode, shown()]).toEqual(["polling", "a=1"]);
  server.put("b", "2");
  await settle(POLL_MS);
  expect(shown()).toBe("a=1 b=2");
  expect(followed.list.rows.map(({ changed }) => changed)).toEqual([false, true]);
  expect(server.count("GET /api/watch")).toBe(1);
});

it("says what is wrong, and comes back", async () => {
  const server = new FakeKeys({ a: "1" });
  server.instead.push({ what: /keys/, status: 503 }, { what: /watch/, status: 429 });
  await follow();
  expect(followed).toMatchObject({ mode: "broken", error: "status 503" });
  await settle(10_000);
  expect([followed.mode, followed.error, shown()]).toEqual(["watching", "", "a=1"]);
});

it("reads further pages, follows those alone, and reads as many again", async () => {
  const server = new FakeKeys(hundreds(250));
  const follower = await follow();
  expect(followed.list.rows).toHaveLength(100);
  server.put("k150", "not shown yet");
  await settle();
  expect(followed.list.rows).toHaveLength(100);
  await follower.readMore(end.signal);
  expect(followed.list.rows).toHaveLength(200);
  server.put("k150", "shown");
  server.put("k249", "beyond");
  await settle();
  expect(followed.list.rows.filter(({ changed }) => changed).map(({ value }) => value)).toEqual(["shown"]);
  server.say("event: gone\ndata: {}\n\n");
  await settle(1_000);
  expect(followed.list.rows).toHaveLength(200);
  expect(server.asked.map(({ what }) => what)).toContain("GET /keys?limit=200");
});

it("loses no change that comes while a page is read", async () => {
  const server = new FakeKeys(hundreds(150));
  const follower = await follow();
  const answered = server.hold(/after=/);
  const read = follower.readMore(end.signal);
  server.put("k120", "meanwhile");
  await settle(1_000);
  answered();
  await read;
  expect(followed.list.rows.find(({ key }) => key === "k120")?.value).toBe("meanwhile");
});

it("asks for nothing once it is stopped, and goes on when it is started again", async () => {
  const server = new FakeKeys({ a: "1" });
  const follower = await follow();
  end.abort();
  server.put("a", "2");
  await settle(10_000);
  expect([shown(), server.asked.length]).toEqual(["a=1", 2]);
  end = new AbortController();
  void follower.run(end.signal);
  await settle();
  expect(server.asked.at(-1)!.what).toBe("GET /api/watch?prefix=&from=2");
});

it("takes silence for a break", async () => {
  const server = new FakeKeys({ a: "1" });
  await follow();
  for (let i = 0; i < 5; ++i) {
    await settle(15_000);
    server.say("id: 1\n\n");
  }
  expect([followed.mode, server.count("GET /api/watch")]).toEqual(["watching", 1]);
  await settle(45_000);
  expect([followed.mode, server.count("GET /api/watch")]).toEqual(["watching", 2]);
});
