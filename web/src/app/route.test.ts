import { expect, it } from "vitest";
import { addressOf, follow, initialRoute } from "@/app/route";

it("leads to a tab and to an item in it", () => {
  expect(follow(initialRoute, "#/scenarios/leader-crash")).toMatchObject({
    column: "controls",
    tab: "scenarios",
    items: { scenarios: "leader-crash" },
  });
  expect(follow(initialRoute, "#/chaos")).toMatchObject({ tab: "chaos", items: { chaos: "isolate" } });
});

it("leads to a column of a narrow window, and leaves the tab as it was", () => {
  const settings = follow(initialRoute, "#/settings/heartbeat");
  expect(follow(settings, "#/timeline")).toEqual({ ...settings, column: "timeline" });
});

it("remembers what each tab showed", () => {
  const there = follow(follow(initialRoute, "#/kv/delete"), "#/chaos/loss");
  expect(follow(there, "#/kv").items).toMatchObject({ kv: "delete", chaos: "loss" });
});

it.each(["", "#", "#/", "#/nowhere", "#/toString"])("stays where it is at %j", (hash) => {
  expect(follow(initialRoute, hash)).toEqual(initialRoute);
});

it("ignores an item that does not exist", () => {
  expect(follow(initialRoute, "#/chaos/meteor").items.chaos).toBe("isolate");
});

it("follows the addresses that it makes", () => {
  expect(follow(initialRoute, addressOf("kv", "get")).items.kv).toBe("get");
});
