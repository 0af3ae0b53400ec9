import { expect, it } from "vitest";
import { escaped, needsEscapes, partsOf, unescaped } from "@/features/kv/escapes";

const ODD = [
  "",
  "plain",
  "a\nb\r\n\tc\0",
  "back\\slash \\n",
  "\u007f\u0085\u202e\ufeff",
  "👩‍👩‍👧 日本語",
  '{"a":"\\u0000"}',
];

it.each(ODD)("gives back what it has escaped: %j", (text) => expect(unescaped(escaped(text))).toBe(text));

it("leaves nothing that a text field would lose or hide", () => {
  expect(escaped("a\nb\r\tc\0\u202e\\")).toBe("a\nb\\r\\tc\\0\\u{202e}\\\\");
  expect(ODD.some((text) => needsEscapes(escaped(text)))).toBe(false);
});

it("knows which texts need that", () => {
  expect(["a\nb\tc", "ä 😀", "back\\slash"].some(needsEscapes)).toBe(false);
  expect(["\r", "\0", "a\u200bb", "\u202e", "\u2028"].every(needsEscapes)).toBe(true);
});

it.each([
  ["\\u0041\\u{1f600}\\ud83d\\ude00", "A😀😀"],
  ["\\n\\\\n", "\n\\n"],
  ["\\", undefined],
  ["\\x", undefined],
  ["\\u{110000}", undefined],
  ["\\u12", undefined],
])("reads %j", (text, plain) => expect(unescaped(text)).toBe(plain));

it("shows what cannot be seen, and leaves what can", () => {
  expect(partsOf("a\n\tb")).toEqual([
    { text: "a", hidden: false },
    { text: "\\n\\t", hidden: true },
    { text: "b", hidden: false },
  ]);
  expect(partsOf("👩‍👩‍👧 é")).toEqual([{ text: "👩‍👩‍👧 é", hidden: false }]);
  expect(partsOf("")).toEqual([]);
});
