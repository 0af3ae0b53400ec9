// The laboratory's panels, each by itself.
import { fireEvent, render, screen } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";
import type { Experiment, Incident, Trace } from "@/api/lab";
import { Acts } from "@/features/lab/Acts";
import { Catalogue } from "@/features/lab/Catalogue";
import { FREE, openAs, swarmOf } from "@/features/lab/document";
import { MessagePanel } from "@/features/lab/MessagePanel";
import { Moments } from "@/features/lab/moment";
import { pictureOf } from "@/features/lab/picture";
import { Story } from "@/features/lab/Story";
import { Switches } from "@/features/lab/Switches";
import { Tour, useTour } from "@/features/lab/Tour";
import { Verdicts } from "@/features/lab/Verdicts";

const incident: Incident = {
  name: "lost",
  row: 2,
  title: "A lost write",
  happened: "Somewhere (2018): it was lost.",
  sources: ["https://example.org/report", "a mailing list"],
  systems: ["etcd"],
  rule: "Keep it.",
  paper: ["Raft 5.3"],
  in_short: ["One.", "Two.", "Three."],
  switches: ["quorum_commit"],
  judge: "writes",
};
const waiting: Incident = { ...incident, name: "later", title: "Not yet", systems: [], waits_for: "members." };

const experiment: Experiment = { ...FREE.experiment, duration_ms: 100 };
const trace: Trace = {
  experiment,
  nodes: ["n1", "n2"],
  events: [
    { t: 0, e: "recovered", node: "n1", term: 0, voted_for: "", base: [0, 0], entries: [] },
    { t: 10, e: "sent", n: 7, from: "n1", to: "n2", kind: "vote", term: 3 },
    { t: 12, e: "arrived", n: 7 },
    { t: 20, e: "sent", n: 8, from: "n2", to: "n1", kind: "granted" },
    { t: 20, e: "lost", n: 8, why: "cut" },
  ],
  verdicts: [
    { judge: "writes", rule: "a write stays", holds: false, finding: "it is gone", events: [1, 2] },
    { judge: "logs", rule: "logs agree", holds: true },
  ],
  summary: { acknowledged: 3, leader_changes: 1, without_leader_ms: 5, gave_up: 2 },
};
const run = { trace, picture: pictureOf(trace), moments: new Moments(trace) };

beforeEach(() => localStorage.clear());

it("the catalogue chooses, says what only waits, and comes by system too", () => {
  const onChoose = vi.fn();
  const onSurprise = vi.fn();
  render(<Catalogue incidents={[incident, waiting]} chosen="lost" onChoose={onChoose} onSurprise={onSurprise} />);
  expect(screen.getByRole("button", { name: /A lost write/ })).toHaveAttribute("aria-current", "true");
  expect(screen.getByRole("button", { name: /Not yet/ })).toHaveTextContent("cannot be run yet");
  fireEvent.click(screen.getByRole("button", { name: /Not yet/ }));
  expect(onChoose).toHaveBeenCalledWith("later");
  fireEvent.click(screen.getByRole("button", { name: "Surprise me" }));
  expect(onSurprise).toHaveBeenCalledOnce();
  fireEvent.change(screen.getByLabelText("Order of the incidents"), { target: { value: "system" } });
  expect(screen.getByRole("heading", { name: "etcd" })).toBeInTheDocument();
});

it("a story can be read without a run, and only addresses are links", () => {
  render(<Story incident={waiting} sheet={FREE} onEdit={() => undefined} />);
  expect(screen.getByText(/It waits for members\./)).toBeInTheDocument();
  expect(screen.getByRole("link")).toHaveAttribute("href", "https://example.org/report");
  expect(screen.getByText("a mailing list")).toBeInTheDocument();
});

it("a free laboratory has as many nodes and as much time as the reader says", () => {
  const onEdit = vi.fn();
  const { rerender } = render(<Story incident={undefined} sheet={FREE} onEdit={onEdit} />);
  fireEvent.change(screen.getByLabelText("Nodes"), { target: { value: "5" } });
  fireEvent.change(screen.getByLabelText("Seed"), { target: { value: "9" } });
  fireEvent.change(screen.getByLabelText("Seconds"), { target: { value: "1000" } });
  expect(onEdit.mock.calls.map(([edit]) => edit as unknown)).toEqual([
    { type: "nodes", nodes: 5 },
    { type: "seed", seed: 9 },
    { type: "duration", duration_ms: 60_000 },
  ]);
  rerender(<Story incident={undefined} sheet={swarmOf(42, 3)} onEdit={onEdit} />);
  expect(screen.getByRole("heading", { name: "The simulator's seed 42" })).toBeInTheDocument();
  expect(screen.queryByLabelText("Seed")).toBeNull();
});

it("switches are those that the server names", () => {
  const onSwitch = vi.fn();
  const defences = [
    { name: "quorum_commit", words: "commit by majority" },
    { name: "pre_vote", words: "pre-vote" },
  ];
  render(<Switches defences={defences} off={["quorum_commit"]} onSwitch={onSwitch} />);
  expect(screen.getByLabelText("commit by majority")).toBeChecked();
  fireEvent.click(screen.getByLabelText("pre-vote"));
  expect(onSwitch).toHaveBeenCalledWith("pre_vote");
});

it("messages under way can be lost; one that was clicked on is shown whatever the moment", () => {
  const onLose = vi.fn();
  const { rerender } = render(<MessagePanel run={run} cursor={11} chosen={undefined} onLose={onLose} />);
  fireEvent.click(screen.getByRole("button", { name: "Lose message 7" }));
  expect(onLose).toHaveBeenCalledWith(expect.objectContaining({ number: 7, sent: 10 }));
  rerender(<MessagePanel run={run} cursor={50} chosen={undefined} onLose={onLose} />);
  expect(screen.getByText("None at this moment.")).toBeInTheDocument();
  rerender(<MessagePanel run={run} cursor={50} chosen={8} onLose={onLose} />);
  expect(screen.getByText(/lost \(cut\)/)).toBeInTheDocument();
  expect(screen.queryByRole("button")).toBeNull();
});

it("a verdict leads to its evidence, and the number that shows an incident stands out", () => {
  const onEvidence = vi.fn();
  const measured = { ...incident, measure: "gave_up" };
  render(<Verdicts runs={{ on: run, off: run, busy: false }} incident={measured} onEvidence={onEvidence} />);
  fireEvent.click(screen.getAllByRole("button", { name: "Show the evidence" })[0]!);
  expect(onEvidence).toHaveBeenCalledWith("off", [1, 2]);
  expect(screen.getByText("nodes that gave up").closest("tr")).toHaveClass("font-semibold");
});

it("acts are done at the cursor and taken out", () => {
  const onEdit = vi.fn();
  const document = openAs({ ...FREE, experiment: { ...experiment, acts: [{ at_ms: 5, do: "heal" }] } });
  render(<Acts document={document} cursor={42.4} onEdit={onEdit} />);
  fireEvent.change(screen.getByLabelText("What"), { target: { value: "snapshot" } });
  fireEvent.change(screen.getByLabelText("Whom"), { target: { value: "n2" } });
  fireEvent.click(screen.getByRole("button", { name: "Do it at 42 ms" }));
  expect(onEdit).toHaveBeenCalledWith({ type: "act", act: { at_ms: 42.4, do: "snapshot", node: "n2" } });
  fireEvent.click(screen.getByRole("button", { name: /^Take out: 5 ms heal/ }));
  expect(onEdit).toHaveBeenLastCalledWith({ type: "remove", act: 0 });
});

it("the tour comes once by itself", () => {
  const Page = () => <Tour {...useTour(true)} />;
  const { unmount } = render(<Page />);
  expect(screen.getByRole("dialog")).toHaveTextContent("1 of 5");
  fireEvent.click(screen.getByRole("button", { name: "Next" }));
  expect(screen.getByRole("dialog")).toHaveTextContent("2 of 5");
  fireEvent.click(screen.getByRole("button", { name: "Skip" }));
  expect(screen.queryByRole("dialog")).toBeNull();
  unmount();
  render(<Page />);
  expect(screen.queryByRole("dialog")).toBeNull();
});
