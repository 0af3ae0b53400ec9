import { expect, it } from "vitest";
import { problemOf } from "@/components/number";

const RANGE = { min: 10, max: 500 };

it.each(["10", "500", " 42 "])("takes %j", (text) => expect(problemOf(text, RANGE)).toBeUndefined());

it.each(["", "9", "501", "-20", "1e2", "12.5", "ten"])("refuses %j", (text) => {
  expect(problemOf(text, RANGE)).toContain("from 10 to 500");
});
