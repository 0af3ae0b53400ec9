import type { ReactNode } from "react";
import type { Incident } from "@/api/lab";
import { MOST_NODES, type Edit, type Sheet } from "@/features/lab/document";

interface StoryProps {
  incident: Incident | undefined;
  sheet: Sheet;
  onEdit: (edit: Edit) => void;
}

const LONGEST_S = 60;

function Field({ label, children }: { label: string; children: ReactNode }) {
  return (
    <label className="flex items-center gap-1.5">
      {label} {children}
    </label>
  );
}

// Nothing happened: what the cluster is, the reader says.
function Free({ sheet, onEdit }: { sheet: Sheet; onEdit: (edit: Edit) => void }) {
  const { experiment } = sheet;
  const look = "w-20 rounded-md border border-line bg-raised px-1.5 py-1";
  const number = (value: string, low: number, high: number) =>
    Math.min(Math.max(Math.round(Number(value)) || low, low), high);
  return (
    <section className="px-3 py-2">
      <h2 className="text-base font-bold">
        {experiment.swarm === undefined ? "A free laboratory" : `The simulator's seed ${experiment.swarm}`}
      </h2>
      <p className="mt-1">
        {experiment.swarm === undefined
          ? "A cluster of real nodes in simulated time. Move the cursor, do something to it there, and let the judges " +
            "speak. What has happened before the cursor stays as it was."
          : "Clients and faults as a seed of the simulator decides them: crashes, cuts, bad disks. With all defences on " +
            "nothing should come of it. Switch one off, or add what you like at the cursor."}
      </p>
      <div className="mt-2 flex flex-wrap gap-x-4 gap-y-1">
        <Field label="Nodes">
          <select
            className={look}
            value={experiment.nodes}
            onChange={(event) => onEdit({ type: "nodes", nodes: Number(event.target.value) })}
          >
            {Array.from({ length: MOST_NODES }, (_, i) => (
              <option key={i}>{i + 1}</option>
            ))}
          </select>
        </Field>
        {experiment.swarm === undefined && (
          <Field label="Spares">
            <select
              className={look}
              value={experiment.spares ?? 0}
              onChange={(event) => onEdit({ type: "spares", spares: Number(event.target.value) })}
            >
              {Array.from({ length: MOST_NODES - experiment.nodes + 1 }, (_, i) => (
                <option key={i}>{i}</option>
              ))}
            </select>
          </Field>
        )}
        {experiment.swarm === undefined && (
          <Field label="Seed">
            <input
              className={look}
              type="number"
              min={0}
              value={experiment.seed}
              onChange={(event) =>
                onEdit({ type: "seed", seed: number(event.target.value, 0, Number.MAX_SAFE_INTEGER) })
              }
            />
          </Field>
        )}
        <Field label="Seconds">
          <input
            className={look}
            type="number"
            min={1}
            max={LONGEST_S}
            value={experiment.duration_ms / 1000}
            onChange={(event) =>
              onEdit({ type: "duration", duration_ms: 1000 * number(event.target.value, 1, LONGEST_S) })
            }
          />
        </Field>
      </div>
    </section>
  );
}

// What happened, in the words of the catalogue. Can be read without running anything.
export function Story({ incident, sheet, onEdit }: StoryProps) {
  if (!incident) return <Free sheet={sheet} onEdit={onEdit} />;
  return (
    <section className="px-3 py-2">
      <h2 className="text-base font-bold">{incident.title}</h2>
      <p className="mt-1 font-medium">{incident.in_short.join(" ")}</p>
      {incident.waits_for && (
        <p className="mt-2 rounded-md border border-line bg-raised px-2 py-1.5">
          <b>It cannot be run here yet.</b> It waits for {incident.waits_for}
        </p>
      )}
      <details className="mt-1" open={incident.waits_for !== undefined}>
        <summary className="text-muted">What happened, and the rule</summary>
        <p className="mt-1">{incident.happened}</p>
        <p className="mt-1">
          <b>The rule:</b> {incident.rule} <span className="text-muted">({incident.paper.join(", ")})</span>
        </p>
        <ul className="mt-1 text-xs">
          {incident.sources.map((source) => {
            const address = /^https?:\/\/\S+/.exec(source)?.[0];
            return (
              <li key={source} className="truncate">
                {address ? (
                  <a className="text-accent underline" href={address} rel="noreferrer" target="_blank">
                    {source}
                  </a>
                ) : (
                  source
                )}
              </li>
            );
          })}
        </ul>
      </details>
    </section>
  );
}
