import { expect, it } from "vitest";
import { EXPLAINERS as CHAOS } from "@/features/chaos/explainers";
import { EXPLAINERS as KV } from "@/features/kv/explainers";
import { EXPLAINERS as MEMBERS } from "@/features/members/explainers";
import { EXPLAINERS as SETTINGS } from "@/features/settings/explainers";

const all = Object.entries({ ...CHAOS, ...KV, ...MEMBERS, ...SETTINGS });

it.each(all)("%s is explained in two or three sentences", (_, { text }) => {
  const sentences = text.split(/[.!?](?:\s|$)/).filter(Boolean);
  expect(sentences.length).toBeGreaterThanOrEqual(2);
  expect(sentences.length).toBeLessThanOrEqual(3);
});

it("everything that is Raft’s has a section to read; the auto-heal delay is not", () => {
  expect(all.filter(([, { section }]) => !section?.includes("§")).map(([id]) => id)).toEqual(["auto-heal"]);
});
