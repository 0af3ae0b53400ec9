import { expect, it } from "vitest";
import { keyProblemOf, keySize } from "@/features/kv/key";

it("counts bytes, not characters", () => {
  expect(keySize("ä€")).toBe(5);
});

it("knows what the server would refuse", () => {
  expect(keyProblemOf("")).toBeDefined();
  expect(keyProblemOf("k".repeat(1024))).toBeUndefined();
  expect(keyProblemOf("ä".repeat(513))).toBeDefined();
});
