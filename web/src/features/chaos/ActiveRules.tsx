import { useMemo } from "react";
import { shortNames } from "@/components/shorten";
import { useSelect } from "@/state/hooks";
import { installedRules, type InstalledRule } from "@/state/links";

export function ActiveRules() {
  const chaos = useSelect((state) => state.picture.chaos);
  const rules = useMemo(() => installedRules(chaos), [chaos]);
  const nodes = chaos?.peers.map(({ node }) => node) ?? [];
  const names = shortNames(nodes, 14);
  const nameOf = (node: string | undefined) => (node ? (names[nodes.indexOf(node)] ?? node) : "any");
  const silent = chaos?.peers.filter(({ error }) => error) ?? [];
  return (
    <section aria-label="Active rules">
      <h3 className="text-xs font-semibold text-muted">Active rules</h3>
      {rules.length === 0 && <p className="mt-1 text-xs text-muted">None.</p>}
      {rules.length > 0 && (
        <ul className="relative mt-1 max-h-40 overflow-y-auto rounded-md border border-line text-xs" tabIndex={0}>
          {rules.map((rule) => (
            <li
              key={`${rule.installed_on}/${rule.id}`}
              title={`${rule.id}: ${rule.from_node ?? "any"} → ${rule.to_node ?? "any"}, on ${rule.installed_on}`}
              className="grid grid-cols-[8rem_1fr_auto] gap-2 border-b border-line px-2 py-1 last:border-0"
            >
              <Effect rule={rule} />
              <span className="truncate font-mono">
                {nameOf(rule.from_node)} → {nameOf(rule.to_node)}
              </span>
              <span className="max-w-28 truncate text-muted">on {nameOf(rule.installed_on)}</span>
            </li>
          ))}
        </ul>
      )}
      {silent.map(({ node, error }) => (
        <p key={node} className="mt-1 text-xs break-words text-candidate">
          {node} does not tell its rules: {error}
        </p>
      ))}
    </section>
  );
}

function Effect({ rule: { action, params = {} } }: { rule: InstalledRule }) {
  switch (action) {
    case "drop":
      return <span className="font-medium text-down">✕ drop</span>;
    case "loss":
      return <span className="font-medium text-candidate">{Math.round((params.loss_rate ?? 0) * 100)}% loss</span>;
    case "delay":
      return (
        <span className="font-medium text-delayed">
          {params.delay_ms ?? 0}
          {params.jitter_ms ? ` ± ${params.jitter_ms}` : ""} ms late
        </span>
      );
  }
}
