import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Session } from "@/api/session";
import type { Member } from "@/api/types";
import { MembersTab } from "@/features/members/MembersTab";
import { SessionContext } from "@/state/session";
import { cluster, members, renderWith, send, storeWith } from "@/test/fixtures";

const fetch = vi.fn<typeof globalThis.fetch>();
const answer = (status: number, body: unknown) =>
  fetch.mockImplementation(() => Promise.resolve(new Response(JSON.stringify(body), { status })));
beforeEach(() => {
  fetch.mockReset();
  answer(200, {});
  vi.stubGlobal("fetch", fetch);
});
const asked = () =>
  fetch.mock.calls.map(([path, init]) => [
    `${init?.method} ${path as string}`,
    init?.body ? (JSON.parse(init.body as string) as unknown) : undefined,
  ]);

const THREE = [{ id: "node1" }, { id: "node2" }, { id: "node3" }];
const show = (list: (Partial<Member> & { id: string })[] = THREE, joint = false, session: Session | null = null) =>
  renderWith(
    <SessionContext.Provider value={session}>
      <MembersTab />
    </SessionContext.Provider>,
    storeWith({ cluster: cluster(list.length), members: members(list, { joint }) }),
  );
const row = (id: string) => within(document.querySelector<HTMLElement>(`[data-member="${id}"]`)!);
const press = (id: string, name: string) => fireEvent.click(row(id).getByRole("button", { name }));
const type = (form: HTMLElement, label: string, text: string) =>
  fireEvent.change(within(form).getByLabelText(label), { target: { value: text } });

describe("what is said of a member", () => {
  it("has its role, addresses, version and how far it is behind the leader", () => {
    show([{ id: "node1", match_index: 200 }, { id: "node2", match_index: 150, progress: "probe" }, { id: "node3" }]);
    expect(row("node1").getByText("leader, voter")).toBeInTheDocument();
    expect(row("node2").getByText("node2:7000")).toBeInTheDocument();
    expect(row("node2").getByText("node2:8000")).toBeInTheDocument();
    expect(row("node2").getByText("v0.1.0")).toBeInTheDocument();
    expect(row("node2").getByText(/, 50 behind/)).toBeInTheDocument();
    expect(row("node2").getByRole("meter")).toHaveAttribute("aria-valuenow", "75");
    expect(row("node1").queryByText(/behind/)).toBeNull();
  });

  it("is less without a leader", () => {
    const { store } = show();
    const untold = members(THREE);
    for (const member of untold.members) delete member.match_index;
    send(store, { type: "members", timestamp: 2, data: untold });
    expect(row("node2").queryByRole("meter")).toBeNull();
    expect(row("node2").getByText(/the leader alone knows/)).toBeInTheDocument();
  });

  it("tells what a learner waits for, and an error", () => {
    show([
      ...THREE,
      { id: "node4", role: "learner", caught_up: false, becomes_voter: true, replaces: "node2", error: "not heard" },
      { id: "node5", role: "learner", caught_up: true, becomes_voter: false },
    ]);
    expect(row("node4").getByText("It is catching up, and votes then, in the place of node2")).toBeInTheDocument();
    expect(row("node4").getByText("not heard")).toBeInTheDocument();
    expect(row("node5").getByText("It stays a learner: a read replica")).toBeInTheDocument();
  });

  it("says that a joint change is under way, and offers nothing to do with who leaves", () => {
    show([{ id: "node1" }, { id: "node2", role: "leaving" }, { id: "node3" }, { id: "node4" }], true);
    expect(screen.getByRole("status")).toHaveTextContent("Joint change under way");
    expect(row("node2").queryByRole("button")).toBeNull();
  });

  it("comes and goes while the page is open", () => {
    const { store } = show();
    send(store, { type: "members", timestamp: 2, data: members([{ id: "node1" }, { id: "node4" }]) });
    const ids = screen.getAllByRole("listitem").map((item) => item.dataset["member"]);
    expect(ids).toEqual(["node1", "node4"]);
  });
});

describe("what can be done", () => {
  it("hands the lead over, but not to who has it or does not vote", async () => {
    show([...THREE, { id: "node4", role: "learner", becomes_voter: false }]);
    expect(row("node1").queryByRole("button", { name: "Make leader" })).toBeNull();
    expect(row("node4").queryByRole("button", { name: "Make leader" })).toBeNull();
    press("node2", "Make leader");
    await waitFor(() => expect(asked()).toEqual([["POST /api/cluster/leader", { id: "node2" }]]));
    await waitFor(() => expect(row("node4").getByRole("button", { name: "Promote" })).toBeEnabled());
    press("node4", "Promote");
    await waitFor(() => expect(asked()[1]).toEqual(["POST /api/cluster/members/node4/promote", undefined]));
  });

  it("removes only once that is confirmed", async () => {
    show();
    press("node3", "Remove…");
    expect(fetch).not.toHaveBeenCalled();
    press("node3", "Keep it");
    press("node3", "Remove…");
    press("node3", "Remove node3");
    await waitFor(() => expect(asked()).toEqual([["DELETE /api/cluster/members/node3", undefined]]));
  });

  it("shows the server's words, and insists only where it is told to", async () => {
    answer(412, { error: "a majority is not heard from" });
    show();
    press("node3", "Remove…");
    press("node3", "Remove node3");
    expect(await screen.findByRole("alert")).toHaveTextContent("a majority is not heard from");
    answer(409, { error: "another change is under way" });
    press("node3", "Do it all the same");
    await waitFor(() => expect(screen.getByRole("alert")).toHaveTextContent("another change is under way"));
    expect(asked()[1]![0]).toBe("DELETE /api/cluster/members/node3?force=true");
    expect(screen.queryByRole("button", { name: "Do it all the same" })).toBeNull();
  });

  it("adds a node whose addresses are addresses", async () => {
    show();
    const form = screen.getByRole("form", { name: "Add a node" });
    const button = within(form).getByRole("button", { name: "Add" });
    expect(button).toBeDisabled();
    type(form, "Id", "node4");
    type(form, "gRPC", "host:7004");
    expect(button).toBeDisabled();
    expect(within(form).getByText(/It takes an id and two addresses/)).toBeInTheDocument();
    type(form, "HTTP", ":8004");
    fireEvent.click(within(form).getByRole("checkbox"));
    expect(form).toHaveTextContent(/-id node4 -grpc-addr host:7004 -http-addr :8004 -join http/);
    fireEvent.submit(form);
    const sent = { id: "node4", grpc: "host:7004", http: ":8004", learner: true, force: false };
    await waitFor(() => expect(asked()).toEqual([["POST /api/cluster/members", sent]]));
    await waitFor(() => expect(within(form).getByLabelText("Id")).toHaveValue(""));
  });

  it("replaces a node by another, or by itself elsewhere", async () => {
    show();
    press("node2", "Replace…");
    const form = screen.getByRole("form", { name: "In the place of node2" });
    expect(within(form).getByLabelText("Id")).toHaveValue("node2");
    type(form, "Id", "node9");
    type(form, "gRPC", "host:1");
    type(form, "HTTP", "host:2");
    answer(404, { error: "node2 is no member" });
    fireEvent.submit(form);
    expect(await within(form).findByRole("alert")).toHaveTextContent("node2 is no member");
    answer(200, {});
    fireEvent.submit(form);
    await waitFor(() => expect(screen.queryByRole("form", { name: "In the place of node2" })).toBeNull());
    expect(asked()[1]).toEqual([
      "POST /api/cluster/members/node2/replace",
      { id: "node9", grpc: "host:1", http: "host:2", force: false },
    ]);
  });

  it("is nothing without the role operate", () => {
    show(THREE, false, { required: true, name: "guest", roles: ["read"], encrypted: true });
    for (const button of screen.getAllByRole("button")) expect(button).toBeDisabled();
    expect(screen.getByText(/This takes the role operate/)).toBeInTheDocument();
  });
});
