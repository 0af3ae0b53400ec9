import { classes } from "@/components/classes";
import type { Cell, Row } from "@/features/log/rows";

const LOOKS: Record<Cell["status"], { className: string; glyph: string; words: string }> = {
  committed: { className: "bg-leader/20 text-leader", glyph: "✓", words: "committed" },
  replicated: { className: "bg-follower/20 text-follower", glyph: "•", words: "replicated, not yet committed" },
  overruled: { className: "bg-follower/20 text-follower", glyph: "≠", words: "replicated, will be overwritten" },
  absent: { className: "bg-raised text-muted", glyph: "", words: "not there" },
  unknown: { className: "text-muted", glyph: "?", words: "not heard of" },
};

export function LogRow({ row, nodes }: { row: Row; nodes: readonly string[] }) {
  return (
    <tr data-index={row.index}>
      <th scope="row" className="pr-1 text-right font-mono font-normal text-muted">
        {row.index}
      </th>
      {row.cells.map(({ status, term }, i) => {
        const { className, glyph, words } = LOOKS[status];
        const where = `${nodes[i]}: ${words}${term ? `, term ${term}` : ""}`;
        return (
          <td
            key={nodes[i]}
            title={where}
            data-status={status}
            className={classes("rounded-sm text-center leading-4", className)}
          >
            <span aria-hidden="true">
              {glyph}
              {term > 0 && (
                <span className={classes("pl-0.5 text-[10px]", row.conflict && "font-bold underline")}>t{term}</span>
              )}
            </span>
            <span className="sr-only">{words}</span>
          </td>
        );
      })}
      <td className="truncate pl-1 font-mono" title={row.data}>
        {row.data}
      </td>
    </tr>
  );
}
