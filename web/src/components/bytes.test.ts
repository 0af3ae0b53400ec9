import { expect, it } from "vitest";
import { bytesInWords } from "@/components/bytes";

it.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1.0 KiB"],
  [9_728, "9.5 KiB"],
  [10_188, "9.9 KiB"],
  [10_189, "10 KiB"],
  [1_023_999, "1.0 MiB"],
  [125_829_120, "120 MiB"],
  [3_221_225_472, "3.0 GiB"],
])("%i bytes are %s", (bytes, words) => {
  expect(bytesInWords(bytes)).toBe(words);
});
