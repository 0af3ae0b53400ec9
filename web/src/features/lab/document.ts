// What the reader has in hand: an experiment, which defences are off in its second run, and the way back.
import type { Act, Experiment, Incident } from "@/api/lab";

export interface Sheet {
  // Without the switches.
  experiment: Experiment;
  // Off in the run that is compared with it.
  switches: string[];
}

export interface Document {
  past: Sheet[];
  now: Sheet;
  future: Sheet[];
}

export type Edit =
  | { type: "open"; sheet: Sheet }
  | { type: "act"; act: Act }
  | { type: "remove"; act: number }
  | { type: "switch"; name: string }
  | { type: "seed"; seed: number }
  | { type: "nodes"; nodes: number }
  | { type: "spares"; spares: number }
  | { type: "duration"; duration_ms: number }
  | { type: "undo" }
  | { type: "redo" };

export const FREE: Sheet = {
  experiment: { format: 1, nodes: 3, seed: 1, duration_ms: 3000, off: [], acts: [] },
  switches: [],
};

export const sheetOf = (incident: Incident): Sheet =>
  incident.on ? { experiment: incident.on, switches: incident.switches } : FREE;

// The simulator's own clients and faults, for whoever wants to be surprised.
export const swarmOf = (swarm: number, nodes: number): Sheet => ({
  experiment: { ...FREE.experiment, nodes, duration_ms: 5000, swarm },
  switches: [],
});

// Two runs of one experiment, of which the other has fewer defences.
export const sheetOfRuns = (on: Experiment, off: Experiment | undefined): Sheet => ({
  experiment: on,
  switches: off ? off.off.filter((name) => !on.off.includes(name)) : [],
});

// A document that came by a link says nothing about what its defences were off for, but for an incident's: both runs are
// told apart by its switches, or else by all.
export function sheetOfLink(experiment: Experiment, incidents: Incident[] = []): Sheet {
  const incident = incidents.find(({ name }) => name === experiment.incident);
  const switches = experiment.off.filter((name) => !incident || incident.switches.includes(name));
  return { experiment: { ...experiment, off: experiment.off.filter((name) => !switches.includes(name)) }, switches };
}

export const MOST_NODES = 7;

// Where the first act would change the members, the document has to say that they may change.
const mayDo = (experiment: Experiment, act: Act): Experiment =>
  act.do !== "member" || experiment.spares || experiment.members_change
    ? experiment
    : { ...experiment, members_change: true };

export const openAs = (sheet: Sheet): Document => ({ past: [], now: sheet, future: [] });

const withSpares = ({ spares }: Experiment, nodes: number): Partial<Experiment> => ({
  nodes,
  ...(spares && { spares: Math.min(spares, MOST_NODES - nodes) }),
});

function edited(sheet: Sheet, edit: Edit): Sheet {
  const { experiment, switches } = sheet;
  switch (edit.type) {
    case "act":
      return {
        ...sheet,
        experiment: {
          ...mayDo(experiment, edit.act),
          acts: [...experiment.acts, edit.act].sort((a, b) => a.at_ms - b.at_ms),
        },
      };
    case "remove":
      return { ...sheet, experiment: { ...experiment, acts: experiment.acts.filter((_, i) => i !== edit.act) } };
    case "switch":
      return {
        ...sheet,
        switches: switches.includes(edit.name)
          ? switches.filter((name) => name !== edit.name)
          : [...switches, edit.name],
      };
    case "seed":
      return { ...sheet, experiment: { ...experiment, seed: edit.seed } };
    case "nodes":
      return { ...sheet, experiment: { ...experiment, ...withSpares(experiment, edit.nodes), acts: [] } };
    case "spares":
      return { ...sheet, experiment: { ...experiment, spares: edit.spares, acts: [] } };
    case "duration":
      return {
        ...sheet,
        experiment: {
          ...experiment,
          duration_ms: edit.duration_ms,
          acts: experiment.acts.filter((act) => act.at_ms <= edit.duration_ms),
        },
      };
    default:
      return sheet;
  }
}

export function change(document: Document, edit: Edit): Document {
  const { past, now, future } = document;
  switch (edit.type) {
    case "open":
      return openAs(edit.sheet);
    case "undo":
      return past.length === 0 ? document : { past: past.slice(0, -1), now: past.at(-1)!, future: [now, ...future] };
    case "redo":
      return future.length === 0 ? document : { past: [...past, now], now: future[0]!, future: future.slice(1) };
    default:
      return { past: [...past, now], now: edited(now, edit), future: [] };
  }
}

// The runs that a sheet asks for: as it is, and without its switches.
export const experimentsOf = ({ experiment, switches }: Sheet): { on: Experiment; off?: Experiment } => ({
  on: experiment,
  ...(switches.length > 0 && { off: { ...experiment, off: [...experiment.off, ...switches] } }),
});
