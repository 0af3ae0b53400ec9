import { classes } from "@/components/classes";
import { routeOf, type OperationResult } from "@/features/kv/operation";
import { useSelect } from "@/state/hooks";

export function ResultList({ results }: { results: readonly OperationResult[] }) {
  const served_by = useSelect((state) => state.connection.served_by);
  if (results.length === 0) return <p className="text-xs text-muted">Answers will be listed here.</p>;
  return (
    <ol aria-label="Answers, newest first" aria-live="polite" className="space-y-1.5">
      {results.map((result, i) => (
        <Result key={results.length - i} result={result} route={routeOf(result, served_by)} />
      ))}
    </ol>
  );
}

const LOOKS = {
  good: { box: "border-line bg-raised", code: "text-leader" },
  absent: { box: "border-line bg-raised", code: "text-candidate" },
  bad: { box: "border-down bg-down/10", code: "text-down" },
};

// Values may be a MiB long.
const SHOWN = 1_000;

function Result({
  result: { operation, status, elapsed_ms, text },
  route,
}: {
  result: OperationResult;
  route: string;
}) {
  const look = LOOKS[status === 404 ? "absent" : status >= 200 && status < 300 ? "good" : "bad"];
  return (
    <li data-status={status} className={classes("rounded-md border px-2.5 py-1.5", look.box)}>
      <div className="flex items-baseline justify-between gap-2">
        <span className="truncate font-mono font-medium" title={operation.key}>
          {operation.kind.toUpperCase()} {operation.key}
        </span>
        <span className={classes("shrink-0 font-mono text-xs", look.code)}>
          {status || "no answer"} · {elapsed_ms.toFixed(1)} ms
        </span>
      </div>
      <p className="line-clamp-3 font-mono break-words" title={text.slice(0, SHOWN)}>
        {status === 404 ? "There is no such key." : text.slice(0, SHOWN)}
      </p>
      <p className="text-xs text-muted">{route}</p>
    </li>
  );
}
