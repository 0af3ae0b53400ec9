import type { Incident } from "@/api/lab";

// What happened, in the words of the catalogue. Can be read without running anything.
export function Story({ incident }: { incident: Incident | undefined }) {
  if (!incident) {
    return (
      <section className="px-3 py-2">
        <h2 className="text-base font-bold">A free laboratory</h2>
        <p className="mt-1">
          A cluster of real nodes in simulated time. Move the cursor, do something to it there, and let the judges
          speak. What has happened before the cursor stays as it was.
        </p>
      </section>
    );
  }
  return (
    <section className="px-3 py-2">
      <h2 className="text-base font-bold">{incident.title}</h2>
      <p className="mt-1 font-medium">{incident.in_short.join(" ")}</p>
      <details className="mt-1">
        <summary className="text-muted">What happened, and the rule</summary>
        <p className="mt-1">{incident.happened}</p>
        <p className="mt-1">
          <b>The rule:</b> {incident.rule}
        </p>
        <ul className="mt-1 text-xs">
          {incident.sources.map((source) => (
            <li key={source} className="truncate">
              <a className="text-accent underline" href={source} rel="noreferrer" target="_blank">
                {source}
              </a>
            </li>
          ))}
        </ul>
      </details>
    </section>
  );
}
