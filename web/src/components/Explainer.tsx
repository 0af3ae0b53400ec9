export interface Explanation {
  title: string;
  text: string;
  // Where to read on, in the extended version of the Raft paper unless it says otherwise.
  section?: string;
}

export function Explainer({ title, text, section }: Explanation) {
  return (
    <aside aria-label={`Explanation: ${title}`} className="border-l-4 border-accent bg-raised px-3 py-2">
      <h3 className="font-semibold">{title}</h3>
      <p className="mt-0.5 max-w-[75ch] text-pretty">{text}</p>
      {section && <p className="mt-1 text-xs text-muted">Raft paper, extended version: {section}</p>}
    </aside>
  );
}
