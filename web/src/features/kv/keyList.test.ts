import { describe, expect, it } from "vitest";
import type { Change } from "@/api/watch";
import { compareKeys, nextOf, NOTHING, spanOf, withChanges, withPage, withRows } from "@/features/kv/keyList";

const entry = (key: string, version: number) => ({ key, value: `${key}${version}`, version });
const put = (key: string, version: number): Change => ({ op: "put", ...entry(key, version) });
const remove = (key: string, version: number): Change => ({ op: "delete", key, version });
// Read as of 10 up to "d", and as of 20 up to "h".
const first = withPage(NOTHING, { keys: [entry("b", 2), entry("d", 4)], next: "d", index: 10 });
const list = withPage(first, { keys: [entry("f", 6), entry("h", 8)], next: "h", index: 20 });
const shown = (of = list) => of.rows.map(({ key, version }) => `${key}${version}`).join(" ");

it("puts pages after each other", () => {
  expect(shown()).toBe("b2 d4 f6 h8");
  expect(nextOf(list)).toBe("h");
});

describe("changes", () => {
  it.each<[string, Change[], string]>([
    ["a new value", [put("d", 21)], "b2 d21 f6 h8"],
    ["new keys, in their places", [put("e", 21), put("a", 22)], "a22 b2 d4 e21 f6 h8"],
    ["a deletion", [remove("d", 21)], "b2 f6 h8"],
    ["a deletion and what came after it", [remove("d", 21), put("d", 22)], "b2 d22 f6 h8"],
    ["what is beyond the pages", [put("z", 21), remove("i", 22)], "b2 d4 f6 h8"],
    ["what the page had seen: it was put as of 15 and is gone as of 20", [put("e", 15)], "b2 d4 f6 h8"],
    ["what the page before had not seen", [put("c", 15)], "b2 c15 d4 f6 h8"],
    ["what one transaction does twice", [put("d", 21), remove("d", 21)], "b2 f6 h8"],
    ["what is older than the row", [put("d", 21), put("d", 11), remove("d", 12)], "b2 d21 f6 h8"],
  ])("%s", (_, changes, after) => expect(shown(withChanges(list, changes))).toBe(after));

  it("are marked, and nothing else is", () => {
    const { rows } = withChanges(list, [put("d", 21), put("e", 22)]);
    expect(rows.filter(({ changed }) => changed).map(({ key }) => key)).toEqual(["d", "e"]);
    expect(rows[0]).toBe(list.rows[0]);
  });

  it("that change nothing leave the list what it was", () => {
    expect(withChanges(list, [put("z", 99)])).toBe(list);
  });
});

it("marks what is different when it is read again, and keeps the rest", () => {
  const now = withPage(NOTHING, { keys: [entry("b", 2), entry("c", 30), entry("d", 31)], next: null, index: 31 });
  const again = withRows(list, now);
  expect(again.rows.map(({ changed }) => changed)).toEqual([false, true, true]);
  expect(again.rows[0]).toBe(list.rows[0]);
  expect(nextOf(again)).toBeNull();
});

it("knows what it has read", () => {
  expect([spanOf(list, "a")?.index, spanOf(list, "e")?.index, spanOf(list, "i")]).toEqual([10, 20, undefined]);
});

it("sorts as the server does, by bytes in UTF-8", () => {
  const keys = ["", "A", "a", "a/", "aa", "ä", "\ue000", "\uffff", "😀", "😀a", "😁"];
  const bytes = (key: string) => Buffer.from(key);
  for (const a of keys) {
    for (const b of keys) expect(Math.sign(compareKeys(a, b))).toBe(Buffer.compare(bytes(a), bytes(b)));
  }
});
