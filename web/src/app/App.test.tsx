import { act, fireEvent, screen } from "@testing-library/react";
import { beforeAll, beforeEach, expect, it, vi } from "vitest";
import { App } from "@/app/App";
import { cluster, isolated, renderWith, storeWith } from "@/test/fixtures";

// What the page fetches later is here already: how long that takes is not what is tested.
beforeAll(() => import("@/app/laterTabs"));
beforeEach(() => vi.stubGlobal("fetch", () => Promise.reject(new TypeError("no network in this test"))));

const go = (hash: string) =>
  act(() => {
    location.hash = hash;
    window.dispatchEvent(new HashChangeEvent("hashchange"));
  });
const controls = () => screen.getByRole("tablist", { name: "Controls" });
const selected = () => controls().querySelector("[aria-selected=true]")?.textContent;

it("opens what the address says", async () => {
  location.hash = "#/chaos/loss";
  renderWith(<App />, storeWith({ cluster: cluster() }));
  expect(selected()).toBe("Chaos");
  expect(screen.getByLabelText("Loss")).toBeChecked();
  go("#/kv/delete");
  expect(selected()).toBe("KV ops");
  expect(await screen.findByRole("button", { name: "DELETE" })).toBeVisible();
});

it("moves between tabs by the arrow keys, and writes the address", () => {
  renderWith(<App />, storeWith({ cluster: cluster() }));
  fireEvent.keyDown(screen.getByRole("tab", { name: "Scenarios" }), { key: "ArrowLeft" });
  expect(location.hash).toBe("#/settings/election-timeout");
  expect(screen.getByRole("tab", { name: "Settings" })).toHaveFocus();
  go(location.hash);
  fireEvent.keyDown(screen.getByRole("tab", { name: "Settings" }), { key: "Home" });
  expect(location.hash).toBe("#/scenarios/happy-path");
});

it("keeps what was typed into a tab while another one is in front", async () => {
  location.hash = "#/kv/put";
  renderWith(<App />, storeWith({ cluster: cluster() }));
  fireEvent.change(await screen.findByLabelText("Key"), { target: { value: "mine" } });
  go("#/chaos");
  go("#/kv");
  expect(screen.getByLabelText("Key")).toHaveValue("mine");
});

it("says that it is reconnecting, and for how long", () => {
  const { store } = renderWith(<App />, storeWith({ cluster: cluster() }));
  act(() => store.dispatch({ type: "stream", status: "open", at: Date.now() - 9_000 }));
  expect(screen.queryByText(/Reconnecting/)).toBeNull();
  act(() => store.dispatch({ type: "stream", status: "reconnecting", at: Date.now() - 5_000 }));
  expect(screen.getByText(/Reconnecting to the node: what you see is 5 s old/)).toBeInTheDocument();
  act(() => store.dispatch({ type: "stream", status: "open", at: Date.now() }));
  expect(screen.queryByText(/Reconnecting/)).toBeNull();
});

it("points out faults in force on every tab", () => {
  renderWith(<App />, storeWith({ cluster: cluster(), chaos: isolated("node2") }));
  expect(screen.getByRole("link", { name: /6 rules in force/ })).toHaveAttribute("href", "#/chaos");
});

it("goes from the system's colours to light, to dark, and back", () => {
  renderWith(<App />);
  const theme = () => document.documentElement.dataset["theme"];
  const button = screen.getByRole("button", { name: /^Colours/ });
  expect(theme()).toBeUndefined();
  fireEvent.click(button);
  expect(theme()).toBe("light");
  fireEvent.click(button);
  expect(theme()).toBe("dark");
  fireEvent.click(button);
  expect(theme()).toBeUndefined();
});
