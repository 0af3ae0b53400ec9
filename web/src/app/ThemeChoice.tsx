import { useDispatch, useSelect } from "@/state/hooks";
import type { Theme } from "@/state/preferences";

const NEXT: Record<Theme, { theme: Theme; glyph: string; words: string }> = {
  system: { theme: "light", glyph: "◐", words: "as the system" },
  light: { theme: "dark", glyph: "☀", words: "light" },
  dark: { theme: "system", glyph: "☾", words: "dark" },
};

export function ThemeChoice() {
  const dispatch = useDispatch();
  const current = useSelect((state) => state.preferences.theme);
  const { theme, glyph, words } = NEXT[current];
  return (
    <button
      type="button"
      onClick={() => dispatch({ type: "preferences", change: { theme } })}
      aria-label={`Colours: ${words}. Change to ${NEXT[theme].words}`}
      title={`Colours: ${words}`}
      className="size-7 shrink-0 rounded-md border border-line bg-raised hover:border-muted"
    >
      <span aria-hidden="true">{glyph}</span>
    </button>
  );
}
