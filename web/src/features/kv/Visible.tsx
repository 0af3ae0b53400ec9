import { partsOf } from "@/features/kv/escapes";

// In values of a MiB only the beginning is searched for what cannot be seen.
const SEARCHED = 20_000;

// Text that may hold anything: what cannot be seen has a mark, and what would turn the text around does not.
export function Visible({ text, lines = false }: { text: string; lines?: boolean }) {
  return (
    <bdi>
      {partsOf(text.slice(0, SEARCHED)).map((part, i) =>
        part.hidden ? (
          <span key={i} className="text-delayed">
            {lines ? part.text.replaceAll("\\n", "\\n\n") : part.text}
          </span>
        ) : (
          part.text
        ),
      )}
      {text.slice(SEARCHED)}
    </bdi>
  );
}
