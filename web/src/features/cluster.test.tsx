// The left column: health, topology, cards and log.
import { screen, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { HealthStrip } from "@/features/health/HealthStrip";
import { ReplicationLog } from "@/features/log/ReplicationLog";
import { NodeCards } from "@/features/nodes/NodeCards";
import { Topology } from "@/features/topology/Topology";
import {
  cluster,
  down,
  entry,
  isolated,
  members,
  nodeLog,
  renderWith,
  rulesOn,
  send,
  status,
  storeWith,
} from "@/test/fixtures";

const pills = (container: HTMLElement) =>
  Object.fromEntries(
    [...container.querySelectorAll<HTMLElement>("[data-pill]")].map((pill) => [
      pill.dataset["pill"],
      pill.querySelector("dd")?.textContent,
    ]),
  );

describe("HealthStrip", () => {
  it("knows nothing before the first report", () => {
    const { container } = renderWith(<HealthStrip />);
    expect(pills(container)).toEqual({ health: "? UNKNOWN", leader: "—", term: "—", nodes: "—" });
  });

  it("follows the stream", () => {
    const { container, store } = renderWith(<HealthStrip />);
    send(store, status(cluster()));
    expect(pills(container)).toEqual({ health: "✓ HEALTHY", leader: "node1", term: "3", nodes: "3/3" });
    send(store, { type: "node_down", timestamp: 2, data: { id: "node3" } });
    expect(pills(container)).toMatchObject({ health: "! DEGRADED", nodes: "2/3" });
    send(store, { type: "chaos", timestamp: 3, data: isolated("node2") });
    expect(pills(container)).toMatchObject({ health: "✕ PARTITIONED" });
  });

  it("makes a change of term noticed, but not the first one that it hears of", () => {
    const { container, store } = renderWith(<HealthStrip />);
    const noticed = () => container.querySelectorAll(".noticed").length;
    send(store, status(cluster()));
    expect(noticed()).toBe(0);
    send(store, { type: "term_change", timestamp: 2, data: { from: 3, to: 4 } });
    expect(noticed()).toBe(1);
  });
});

describe("NodeCards", () => {
  it("shows what there is of the log and the snapshot, where a node says it", () => {
    const said = { first_index: 2049, log_bytes: 12_582_912, snapshot_index: 2500 };
    const store = storeWith({
      cluster: cluster(3, { node1: said, node2: { ...said, snapshot_index: 0 }, node3: { first_index: 0 } }),
    });
    renderWith(<NodeCards />, store);
    const cards = screen.getAllByRole("listitem");
    expect(cards[0]).toHaveTextContent("log 12 MiB from 2049snapshot 2500");
    expect(cards[1]).toHaveTextContent("no snapshot");
    expect(cards[2]).not.toHaveTextContent("log");
  });

  it("shows state, term and commit index, and marks the node that serves the page", () => {
    const store = storeWith({ cluster: cluster(3, { node2: { state: "PreCandidate", term: 4, commit_index: 9 } }) });
    store.dispatch({ type: "served_by", node: "node1" });
    renderWith(<NodeCards />, store);
    const cards = screen.getAllByRole("listitem");
    expect(cards).toHaveLength(3);
    expect(cards[0]).toHaveTextContent(/node1· hereLeaderterm 3commit 10/);
    expect(cards[1]).toHaveTextContent(/node2Pre-candidateterm 4commit 9/);
  });

  it("is red for who is down or cut off, and says so in words", () => {
    const { container } = renderWith(
      <NodeCards />,
      storeWith({ cluster: cluster(3, { node3: down("node3") }), chaos: isolated("node1") }),
    );
    const look = (id: string) => container.querySelector<HTMLElement>(`[data-node=${id}]`)!;
    expect(look("node1").className).toContain("border-down");
    expect(look("node1")).toHaveTextContent("cut off");
    expect(look("node2").className).not.toContain("border-down");
    expect(look("node3").className).toContain("border-down");
    expect(look("node3")).toHaveTextContent("node3Downterm —commit —");
  });
});

describe("Topology", () => {
  const edge = (container: HTMLElement, name: string) => container.querySelector<HTMLElement>(`[data-edge="${name}"]`)!;
  const label = (container: HTMLElement, name: string) =>
    container.querySelector(`[data-label="${name}"] text`)?.textContent;

  it("describes itself to who cannot see it", () => {
    renderWith(<Topology />, storeWith({ cluster: cluster() }));
    expect(screen.getByRole("img")).toHaveAccessibleName(
      "node1: Leader; node2: Follower; node3: Follower; node1 to node2: replication; node1 to node3: replication",
    );
  });

  it("labels edges with what is wrong with them", () => {
    const rules = [
      { id: "l", to_node: "node2", action: "loss" as const, params: { loss_rate: 0.3 } },
      { id: "l2", from_node: "node2", action: "loss" as const, params: { loss_rate: 0.3 } },
      { id: "d", from_node: "node1", to_node: "node3", action: "delay" as const, params: { delay_ms: 200 } },
    ];
    const { container } = renderWith(<Topology />, storeWith({ cluster: cluster(), chaos: rulesOn("node1", rules) }));
    expect(edge(container, "node1/node2").dataset["kind"]).toBe("lossy");
    expect(label(container, "node1/node2")).toBe("30%");
    expect(edge(container, "node1/node3").dataset["kind"]).toBe("delayed");
    expect(label(container, "node1/node3")).toMatch(/^200 ms .$/);
    expect(edge(container, "node2/node3").dataset["kind"]).toBe("follower");
  });

  it("draws roles and a joint change, and follows members that come and go", () => {
    const { container, store } = renderWith(<Topology />, storeWith({ cluster: cluster() }));
    const marks = () =>
      [...container.querySelectorAll<SVGElement>("[data-mark]")].map(({ dataset }) => [
        dataset["mark"],
        dataset["look"],
        dataset["role"],
      ]);
    const rings = () => container.querySelectorAll("[data-mark] .text-accent").length;
    send(store, status(cluster(4)));
    const list = [{ id: "node1" }, { id: "node2" }, { id: "node3" }, { id: "node4", role: "learner" as const }];
    send(store, { type: "members", timestamp: 2, data: members(list) });
    expect(marks()[3]).toEqual(["node4", "learner", "learner"]);
    expect(screen.queryByText(/joint/)).toBeNull();
    expect(rings()).toBe(0);
    const changing = [{ id: "node1" }, { id: "node2", role: "leaving" as const }, { id: "node3" }, { id: "node4" }];
    send(store, { type: "members", timestamp: 3, data: members(changing, { joint: true }) });
    expect(screen.getByText(/joint/)).toBeInTheDocument();
    expect(marks()[1]).toEqual(["node2", "leaving", "leaving"]);
    expect(rings()).toBe(4);
    send(store, status({ ...cluster(4), nodes: cluster(4).nodes.filter(({ id }) => id !== "node2") }));
    expect(marks().map(([id]) => id)).toEqual(["node1", "node3", "node4"]);
    expect(edge(container, "node1/node4").dataset["kind"]).toBe("replication");
  });

  it("draws a pulse for what was reported, and none otherwise", () => {
    const { container, store } = renderWith(<Topology />, storeWith({ cluster: cluster() }));
    const pulses = () =>
      [...container.querySelectorAll<SVGElement>("[data-pulse]")].map((pulse) => pulse.dataset["pulse"]);
    expect(pulses()).toEqual([]);
    const links = [
      { from: "node1", to: "node2", appends: 1, votes: 0, losses: 0 },
      { from: "node3", to: "node1", appends: 0, votes: 1, losses: 1 },
      { from: "node1", to: "stranger", appends: 5, votes: 0, losses: 0 },
    ];
    send(store, { type: "links", timestamp: 2, data: { links } });
    expect(pulses()).toEqual(["append", "lost"]);
  });

  it("rings for a new leader, not for the one that it finds", () => {
    const { container, store } = renderWith(<Topology />, storeWith({ cluster: cluster() }));
    const ringing = () => container.querySelector(".ring")?.closest<SVGElement>("[data-mark]")?.dataset["mark"];
    expect(ringing()).toBeUndefined();
    send(store, { type: "leader_change", timestamp: 2, data: { from: "node1", to: "node2" } });
    expect(ringing()).toBe("node2");
  });

  it("says that a node on its own is its own majority", () => {
    renderWith(<Topology />, storeWith({ cluster: cluster(1) }));
    expect(screen.getByText(/its own majority/)).toBeInTheDocument();
  });

  it("says that nobody leads", () => {
    renderWith(<Topology />, storeWith({ cluster: cluster(3, { node1: { state: "Follower" } }) }));
    expect(screen.getByText(/No leader/)).toBeInTheDocument();
  });
});

describe("ReplicationLog", () => {
  it("has a row per index and a cell per node", () => {
    const log = {
      nodes: [nodeLog("node1", [entry(1), entry(2, { committed: false })], 1), nodeLog("node2", [entry(1)], 1)],
    };
    renderWith(<ReplicationLog />, storeWith({ log }));
    const [newest, oldest] = screen.getAllByRole("row").slice(1);
    expect(
      within(newest!)
        .getAllByRole("cell")
        .slice(0, 2)
        .map((cell) => cell.dataset["status"]),
    ).toEqual(["replicated", "absent"]);
    expect(
      within(oldest!)
        .getAllByRole("cell")
        .slice(0, 2)
        .map((cell) => cell.title),
    ).toEqual(["node1: committed, term 3", "node2: committed, term 3"]);
    expect(screen.getByRole("progressbar")).toHaveAttribute("aria-valuenow", "1");
    expect(screen.getByText("1 of 2 committed")).toBeInTheDocument();
  });

  it("tells an empty log from one that it has not heard of", () => {
    const { store } = renderWith(<ReplicationLog />);
    expect(screen.getByText(/Waiting/)).toBeInTheDocument();
    send(store, { type: "log", timestamp: 1, data: { nodes: [nodeLog("node1", [], 0)] } });
    expect(screen.getByText(/The log is empty/)).toBeInTheDocument();
  });
});
