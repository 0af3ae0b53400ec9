import { fireEvent, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { Timeline } from "@/features/timeline/Timeline";
import { renderWith, send } from "@/test/fixtures";

function someEvents() {
  const view = renderWith(<Timeline />);
  send(view.store, { type: "node_down", timestamp: 1_000, data: { id: "node3" } });
  send(view.store, { type: "leader_change", timestamp: 2_000, data: { from: "node3", to: "node1" } });
  view.store.dispatch({ type: "note", kind: "kv", at: 3_000, title: "PUT a" });
  return view;
}
const kinds = () => screen.queryAllByRole("listitem").map((item) => item.dataset["kind"]);

it("lists what happened, newest first, each with a word for its colour", async () => {
  someEvents();
  expect(await screen.findByText("PUT a")).toBeInTheDocument();
  expect(kinds()).toEqual(["kv", "leader_change", "node_down"]);
  expect(screen.getByText("node1 leads").closest("li")).toHaveTextContent("leader");
  expect(screen.getByText("node3 is down").closest("li")?.className).toContain("text-down");
});

it("can be narrowed down, and cleared", async () => {
  someEvents();
  await screen.findByText("PUT a");
  fireEvent.click(screen.getByLabelText("Cluster"));
  expect(kinds()).toEqual(["leader_change", "node_down"]);
  fireEvent.click(screen.getByLabelText("This page"));
  expect(kinds()).toEqual(["kv"]);
  fireEvent.click(screen.getByRole("button", { name: "Clear" }));
  expect(screen.getByText("Nothing has happened yet.")).toBeInTheDocument();
});
