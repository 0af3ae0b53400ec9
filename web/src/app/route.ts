// The address after #: which part of the page is meant. Every tab, and every item in it, can be linked to.
import { scenarios } from "@/scenarios";

export const TABS = [
  { id: "scenarios", title: "Scenarios" },
  { id: "chaos", title: "Chaos" },
  { id: "kv", title: "KV ops" },
  { id: "members", title: "Members" },
  { id: "settings", title: "Settings" },
] as const;

export type TabId = (typeof TABS)[number]["id"];

// The first of each list is what a tab shows when nothing is said.
export const ITEMS = {
  scenarios: scenarios.map(({ id }) => id),
  chaos: ["isolate", "partition", "delay", "loss"],
  kv: ["keys", "put", "get", "delete"],
  members: ["list"],
  settings: ["election-timeout", "heartbeat", "auto-heal"],
} as const satisfies Record<TabId, readonly string[]>;

export type Column = "cluster" | "controls" | "timeline";

export interface Route {
  // Shown alone where the window is narrow.
  column: Column;
  tab: TabId;
  // What each tab shows, also those that are not in front.
  items: Readonly<Record<TabId, string>>;
}

export const initialRoute: Route = {
  column: "cluster",
  tab: "scenarios",
  items: {
    scenarios: ITEMS.scenarios[0]!,
    chaos: "isolate",
    kv: "keys",
    members: "list",
    settings: "election-timeout",
  },
};

// Follows an address; what it does not mention, or what does not exist, stays as it was.
export function follow(route: Route, hash: string): Route {
  const [first = "", second = ""] = hash.replace(/^#\/?/, "").split("/");
  if (first === "cluster" || first === "timeline") return { ...route, column: first };
  if (!isTab(first)) return route;
  const items: readonly string[] = ITEMS[first];
  const item = items.includes(second) ? second : route.items[first];
  return { column: "controls", tab: first, items: { ...route.items, [first]: item } };
}

export function addressOf(tab: TabId, item: string): string {
  return `#/${tab}/${item}`;
}

function isTab(text: string): text is TabId {
  return TABS.some(({ id }) => id === text);
}
