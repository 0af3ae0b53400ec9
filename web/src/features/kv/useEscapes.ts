import { useState } from "react";
import { escaped, needsEscapes, unescaped } from "@/features/kv/escapes";

// Texts that are typed, all of them with escapes or none.
export function useEscapes<Name extends string>(initial: Record<Name, string>) {
  const names = Object.keys(initial) as Name[];
  const map = (texts: Record<Name, string>, change: (text: string) => string) =>
    Object.fromEntries(names.map((name) => [name, change(texts[name])])) as Record<Name, string>;

  const [escapes, setEscapes] = useState(() => names.some((name) => needsEscapes(initial[name])));
  const [texts, setTexts] = useState(() => (escapes ? map(initial, escaped) : initial));
  // Undefined where an escape is wrong.
  const plain = (name: Name) => (escapes ? unescaped(texts[name]) : texts[name]);

  return {
    texts,
    plain,
    setText: (name: Name, text: string) => setTexts((before) => ({ ...before, [name]: text })),
    choice: {
      checked: escapes,
      needed: escapes && names.some((name) => needsEscapes(plain(name) ?? "")),
      onChange(checked: boolean) {
        setTexts(map(texts, checked ? escaped : (text) => unescaped(text) ?? text));
        setEscapes(checked);
      },
    },
  };
}
