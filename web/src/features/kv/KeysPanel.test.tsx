import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { beforeEach, expect, it } from "vitest";
import type { Session } from "@/api/session";
import { KeysPanel } from "@/features/kv/KeysPanel";
import { SessionContext } from "@/state/session";
import { FakeKeys } from "@/test/fakeKeys";
import { renderWith } from "@/test/fixtures";

let server: FakeKeys;
beforeEach(() => void (server = new FakeKeys({ "a/1": "one", "a/2": "2", b: "" })));

async function show(session: Session | null = null) {
  const view = renderWith(
    <SessionContext.Provider value={session}>
      <KeysPanel active />
    </SessionContext.Provider>,
  );
  await screen.findByText("Live: follows every change");
  return view;
}
const rows = () => within(screen.getByRole("list", { name: "Keys" })).getAllByRole("listitem");
const texts = () => rows().map((row) => row.textContent);
const open = (key: string) => {
  const row = rows().find((each) => each.dataset["key"] === key)!;
  fireEvent.click(within(row).getAllByRole("button")[0]!);
  return row;
};
const press = (name: string | RegExp) => fireEvent.click(screen.getByRole("button", { name }));
const type = (label: string | RegExp, value: string) =>
  fireEvent.change(screen.getByLabelText(label), { target: { value } });

it("lists keys with value and version, an empty value as such", async () => {
  await show();
  expect(texts()).toEqual(["▸a/1oneversion v1", "▸a/22version v2", "▸bemptyversion v3"]);
  expect(screen.getByText("3 keys")).toBeInTheDocument();
});

it("does nothing while it is not seen", () => {
  renderWith(<KeysPanel active={false} />);
  expect(server.asked).toEqual([]);
});

it("filters by prefix, and keeps what is there until the answer", async () => {
  await show();
  type("Prefix", "a/");
  expect(rows()).toHaveLength(3);
  await waitFor(() => expect(rows()).toHaveLength(2));
  expect(server.asked.map(({ what }) => what)).toContain("GET /keys?limit=100&prefix=a%2F");
});

it("edits the version that was opened, whatever comes meanwhile", async () => {
  await show();
  const row = open("a/1");
  press("Edit");
  type("Value, instead of version 1", "mine");
  act(() => void server.put("a/1", "theirs"));
  await within(row).findByText("Somebody changed it meanwhile: version 4 is there now.");
  expect(within(row).getByRole("textbox")).toHaveValue("mine");
  press("Save");
  const conflict = await screen.findByRole("alert");
  expect(conflict).toHaveTextContent("Somebody else wrote version 4, and nothing was changed. There is now:theirs");
  expect(server.asked.find(({ what }) => what.startsWith("PUT"))?.headers["If-Match"]).toBe('"1"');
  press("Overwrite version 4");
  await waitFor(() => expect(row).toHaveTextContent("a/1mineversion v5"));
  expect(within(row).getAllByRole("button")[0]).toHaveFocus();
});

it("keeps what is edited when somebody deletes it", async () => {
  await show();
  const row = open("a/1");
  press("Edit");
  act(() => void server.delete("a/1"));
  await within(row).findByText("Somebody deleted it meanwhile.");
  press("Cancel");
  await waitFor(() => expect(rows()).toHaveLength(2));
});

it("adds to numbers, and only to them", async () => {
  await show();
  open("a/1");
  expect(screen.queryByRole("button", { name: "Add" })).toBeNull();
  const row = open("a/2");
  type("Number to add", "x");
  expect(screen.getByRole("button", { name: "Add" })).toBeDisabled();
  type("Number to add", "-5");
  press("Add");
  await waitFor(() => expect(row).toHaveTextContent("a/2-3version v4"));
});

it("adds once, also where somebody has to ask again", async () => {
  server.instead.push(...Array.from({ length: 5 }, () => ({ what: /POST/, status: 504, after: true })));
  await show();
  const row = open("a/2");
  press("Add");
  await within(row).findByText("Nobody knows whether it was done: status 504", {}, { timeout: 10_000 });
  press("Add");
  await waitFor(() => expect(server.count("POST")).toBe(6));
  expect(server.entries.get("a/2")).toMatchObject({ value: "3", version: 4 });
  // Once more is another one.
  await waitFor(() => expect(screen.getByRole("button", { name: "Add" })).toBeEnabled());
  press("Add");
  await waitFor(() => expect(server.entries.get("a/2")?.value).toBe("4"));
}, 20_000);

it("deletes after a second thought", async () => {
  const { store } = await show();
  open("b");
  press("Delete…");
  press("Keep it");
  press("Delete…");
  expect(server.count("DELETE")).toBe(0);
  press("Delete version 3");
  await waitFor(() => expect(rows()).toHaveLength(2));
  expect(server.asked.at(-1)!.headers["If-Match"]).toBe('"3"');
  expect(screen.getByRole("list", { name: "Keys" })).toHaveFocus();
  expect(store.get().timeline.events[0]).toMatchObject({ kind: "kv", title: "DELETE b" });
});

it("creates what is not there, and says where that does not show", async () => {
  await show();
  type("Prefix", "a/");
  await waitFor(() => expect(rows()).toHaveLength(2));
  press("New key…");
  expect(screen.getByLabelText("New key")).toHaveValue("a/");
  type("New key", "c");
  type("Its value", "see");
  press("Create");
  await screen.findByText(/not among the keys that are shown/);
  expect(server.asked.at(-1)!.headers["If-None-Match"]).toBe("*");
  expect(server.entries.get("c")?.value).toBe("see");
});

it("does not offer what the session may not, and says why", async () => {
  await show({ required: true, name: "eve", roles: ["read", "chaos"], encrypted: true });
  open("a/2");
  for (const name of ["New key…", "Edit", "Add", "Delete…"]) {
    expect(screen.getByRole("button", { name })).toBeDisabled();
  }
  expect(screen.getByRole("button", { name: "New key…" })).toHaveAccessibleDescription(
    "This takes the role write, and the token “eve” has read and chaos.",
  );
});
