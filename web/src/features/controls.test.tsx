// The tabs in the centre.
import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { ChaosTab } from "@/features/chaos/ChaosTab";
import { KvTab } from "@/features/kv/KvTab";
import { ScenariosTab } from "@/features/scenarios/ScenariosTab";
import { SettingsTab } from "@/features/settings/SettingsTab";
import { cluster, isolated, renderWith, storeWith } from "@/test/fixtures";
import type { Run } from "@/state/run";

const fetch = vi.fn<typeof globalThis.fetch>();
// What the server answers, by method and path.
let answers: Record<string, { status?: number; body?: unknown; node?: string }>;
beforeEach(() => {
  answers = {};
  fetch.mockReset().mockImplementation((path, init) => {
    const {
      status = 200,
      body,
      node = "node1",
    } = answers[`${init?.method} ${path as string}`] ?? { status: 404, body: { error: "unexpected" } };
    return Promise.resolve(
      new Response(body === undefined ? null : JSON.stringify(body), { status, headers: { "Raftly-Node": node } }),
    );
  });
  vi.stubGlobal("fetch", fetch);
});
const bodies = (path: string) =>
  fetch.mock.calls
    .filter(([asked, init]) => asked === path && init?.body)
    .map(([, init]) => JSON.parse(init!.body as string) as unknown);
const press = (name: string) => fireEvent.click(screen.getByRole("button", { name }));
const type = (label: string, value: string) => fireEvent.change(screen.getByLabelText(label), { target: { value } });

describe("ScenariosTab", () => {
  const runs = (run: Partial<Run>, running: string | null = null) => ({
    runs: { running, latest: { "leader-crash": { scenario: "leader-crash", started_at: 0, steps: [], ...run } } },
  });

  it("shows the steps before anything is run, and runs", () => {
    const run = vi.fn(() => Promise.resolve());
    renderWith(<ScenariosTab selected="leader-crash" onSelect={vi.fn()} />, storeWith({ cluster: cluster() }), {
      run,
      cancel: vi.fn(),
    });
    expect(screen.getAllByText("to come")).toHaveLength(6);
    expect(screen.getByText(/heals itself after 4 s/)).toBeInTheDocument();
    expect(screen.getByRole("complementary")).toHaveTextContent("§5.2");
    press("Run");
    expect(run).toHaveBeenCalledWith(expect.objectContaining({ id: "leader-crash" }));
  });

  it("ticks steps off and can be cancelled while it runs", () => {
    const cancel = vi.fn();
    const steps: Run["steps"] = [
      { title: "one", status: "done", note: "node1" },
      { title: "two", status: "running" },
    ];
    const store = storeWith({ cluster: cluster() }, runs({ steps, heal_at: Date.now() + 2_000 }, "leader-crash"));
    renderWith(<ScenariosTab selected="leader-crash" onSelect={vi.fn()} />, store, { run: vi.fn(), cancel });
    expect(screen.getByText("under way").closest("li")).toHaveAttribute("aria-current", "step");
    expect(screen.getByRole("timer")).toHaveTextContent(/heals in \d\.\d s/);
    press("Cancel");
    expect(cancel).toHaveBeenCalled();
  });

  it("closes with what was observed", () => {
    const verdict = {
      outcome: "passed" as const,
      sentence: "node2 replaced node1.",
      facts: [{ label: "Term", value: "3 → 4" }],
    };
    const store = storeWith({ cluster: cluster() }, runs({ verdict }));
    renderWith(<ScenariosTab selected="leader-crash" onSelect={vi.fn()} />, store);
    const box = screen.getByRole("status");
    expect(box).toHaveTextContent("Verdict: as expected. node2 replaced node1.");
    expect(within(box).getByText("3 → 4")).toBeInTheDocument();
    expect(screen.getByRole("button", { name: "Run again" })).toBeEnabled();
  });

  it("does not offer what the cluster is too small for", () => {
    renderWith(<ScenariosTab selected="leader-crash" onSelect={vi.fn()} />, storeWith({ cluster: cluster(2) }));
    expect(screen.getByRole("button", { name: "Run" })).toBeDisabled();
    expect(screen.getByText("It takes at least 3 nodes.")).toBeInTheDocument();
  });
});

describe("ChaosTab", () => {
  const show = (selected: string) =>
    renderWith(<ChaosTab selected={selected} onSelect={vi.fn()} />, storeWith({ cluster: cluster() }));

  it("isolates the chosen node, and notes it", async () => {
    answers["POST /api/cluster/chaos/isolate"] = { body: { action: "isolate", results: [] } };
    const { store } = show("isolate");
    fireEvent.change(screen.getByLabelText("Node"), { target: { value: "node3" } });
    fireEvent.submit(screen.getByLabelText("Node").closest("form")!);
    await waitFor(() =>
      expect(store.get().timeline.events[0]).toMatchObject({ kind: "chaos", title: "node3 isolated" }),
    );
    expect(bodies("/api/cluster/chaos/isolate")).toEqual([{ node: "node3" }]);
  });

  it("does not send a delay out of range", () => {
    show("delay");
    fireEvent.change(screen.getByRole("spinbutton", { name: "Delay" }), { target: { value: "6000" } });
    const button = screen.getByRole("button", { name: "Delay" });
    expect(button).toBeDisabled();
    fireEvent.submit(button.closest("form")!);
    expect(fetch).not.toHaveBeenCalled();
  });

  it("shows what the server refuses", async () => {
    answers["POST /api/cluster/chaos/loss"] = { status: 400, body: { error: "loss_rate: too high" } };
    show("loss");
    press("Lose messages");
    expect(await screen.findByRole("alert")).toHaveTextContent("Refused: loss_rate: too high");
  });

  it("lists the rules in force, and heals them", async () => {
    answers["POST /api/cluster/chaos/heal"] = { body: { healed: { node1: "ok", node2: "ok", node3: "refused" } } };
    renderWith(
      <ChaosTab selected="isolate" onSelect={vi.fn()} />,
      storeWith({ cluster: cluster(), chaos: isolated("node2") }),
    );
    expect(screen.getByText("6 rules are in force until healed.")).toBeInTheDocument();
    expect(within(screen.getByRole("region", { name: "Active rules" })).getAllByRole("listitem")[0]).toHaveTextContent(
      "✕ dropnode2 → anyon node1",
    );
    press("Heal all");
    expect(await screen.findByRole("alert")).toHaveTextContent(
      "No answer from node3: refused. A node that is down keeps no rules.",
    );
  });
});

describe("KvTab", () => {
  it("writes, and says who handled it", async () => {
    answers["PUT /keys/hello"] = { node: "node2" };
    const store = storeWith();
    store.dispatch({ type: "served_by", node: "node1" });
    renderWith(<KvTab selected="put" onSelect={vi.fn()} active />, store);
    press("PUT");
    expect(await screen.findByText("Routed to leader node2, by node1")).toBeInTheDocument();
    expect(bodies("/keys/hello")).toEqual([{ value: "world" }]);
    expect(store.get().timeline.events[0]).toMatchObject({ kind: "kv", title: "PUT hello" });
  });

  it("reads stale where it is asked to", async () => {
    answers["GET /keys/hello?consistency=stale"] = { body: { key: "hello", value: "old" } };
    renderWith(<KvTab selected="get" onSelect={vi.fn()} active />);
    fireEvent.click(screen.getByLabelText(/^Stale/));
    press("GET");
    expect(await screen.findByText("old")).toBeInTheDocument();
  });

  it("takes a missing key for an answer", async () => {
    answers["GET /keys/hello"] = { status: 404, body: { error: "not found" } };
    renderWith(<KvTab selected="get" onSelect={vi.fn()} active />);
    press("GET");
    expect(await screen.findByText("There is no such key.")).toBeInTheDocument();
  });

  it("does not send a key that is too long", () => {
    renderWith(<KvTab selected="delete" onSelect={vi.fn()} active />);
    type("Key", "k".repeat(1025));
    expect(screen.getByRole("button", { name: "DELETE" })).toBeDisabled();
  });
});

describe("SettingsTab", () => {
  const row = (node: string, error?: string) => ({
    node,
    election_timeout_ms: 300,
    heartbeat_ms: 40,
    ...(error && { error }),
  });
  const show = () => {
    const store = storeWith();
    store.dispatch({ type: "stream", status: "open", at: 1 });
    return renderWith(<SettingsTab selected="heartbeat" onSelect={vi.fn()} />, store);
  };
  beforeEach(() => void (answers["GET /api/cluster/config"] = { body: { nodes: [row("node1"), row("node2")] } }));

  it("starts with what is in force", async () => {
    show();
    await waitFor(() => expect(screen.getByLabelText("Election timeout")).toHaveValue(300));
    expect(screen.getByLabelText("Heartbeat")).toHaveValue(40);
    expect(screen.getAllByRole("row")).toHaveLength(3);
  });

  it("applies to all nodes", async () => {
    answers["POST /api/cluster/config"] = { body: { nodes: [row("node1"), row("node2")] } };
    show();
    await screen.findByText("node2");
    type("Heartbeat", "40");
    press("Apply to all nodes");
    expect(await screen.findByText("Applied to all 2 nodes")).toBeInTheDocument();
    expect(bodies("/api/cluster/config")).toEqual([{ election_timeout_ms: 300, heartbeat_ms: 40 }]);
  });

  it("refuses a heartbeat that is not below the timeout, and hints at one above a fifth", async () => {
    show();
    await screen.findByText("node2");
    type("Heartbeat", "300");
    expect(screen.getByText("The heartbeat must be below the election timeout")).toBeInTheDocument();
    expect(screen.getByRole("button", { name: "Apply to all nodes" })).toBeDisabled();
    type("Heartbeat", "61");
    expect(screen.getByText(/More than a fifth/)).toBeInTheDocument();
    expect(screen.getByRole("button", { name: "Apply to all nodes" })).toBeEnabled();
  });

  it("names the nodes that did not take it", async () => {
    answers["POST /api/cluster/config"] = { body: { nodes: [row("node1"), row("node2", "connection refused")] } };
    show();
    await screen.findByText("node2");
    press("Apply to all nodes");
    expect(await screen.findByText("Applied to 1 of 2 nodes, not to node2 (connection refused)")).toHaveAttribute(
      "data-refused",
      "true",
    );
  });

  it("keeps the auto-heal delay as soon as it is in range, and resets it", async () => {
    const { store } = show();
    await screen.findByText("node2");
    type("Auto-heal delay", "31");
    expect(store.get().preferences.auto_heal_ms).toBe(4_000);
    type("Auto-heal delay", "12");
    expect(store.get().preferences.auto_heal_ms).toBe(12_000);
    press("Reset");
    expect(store.get().preferences.auto_heal_ms).toBe(4_000);
    expect(screen.getByLabelText("Election timeout")).toHaveValue(150);
    expect(fetch.mock.calls.every(([, init]) => init?.method === "GET")).toBe(true);
  });
});
