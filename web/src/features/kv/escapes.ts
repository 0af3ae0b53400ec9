// Characters that cannot be seen, or not be typed: how they are shown, and how they are written.

// Controls, and format characters that turn text around or take no room; those that join letters and emoji are left.
const HIDDEN = /[\p{Cc}\p{Zl}\p{Zp}\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]/u;
const NAMES: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0" };

export interface Part {
  text: string;
  // A stand-in for a character that cannot be seen.
  hidden: boolean;
}

export function partsOf(text: string): Part[] {
  return text
    .split(new RegExp(`(${HIDDEN.source}+)`, "u"))
    .map((part, i) =>
      i % 2 === 1 ? { text: [...part].map(nameOf).join(""), hidden: true } : { text: part, hidden: false },
    )
    .filter((part) => part.text !== "");
}

function nameOf(character: string): string {
  return NAMES[character] ?? `\\u{${character.codePointAt(0)!.toString(16)}}`;
}

// Whether a text field would lose some of it, or hide it from who types.
export function needsEscapes(text: string): boolean {
  return HIDDEN.test(text.replace(/[\n\t]/g, ""));
}

// Line breaks stay, so that a long value can be read.
export function escaped(text: string): string {
  return [...text]
    .map((character) => {
      if (character === "\\") return "\\\\";
      return character !== "\n" && HIDDEN.test(character) ? nameOf(character) : character;
    })
    .join("");
}

const ESCAPE = /\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|([nrt0\\]))|\\/g;
const LETTERS: Record<string, string> = { n: "\n", r: "\r", t: "\t", "0": "\0", "\\": "\\" };

// Undefined where a backslash begins no escape.
export function unescaped(text: string): string | undefined {
  let wrong = false;
  const plain = text.replace(ESCAPE, (_, braced?: string, four?: string, letter?: string) => {
    if (letter !== undefined) return LETTERS[letter]!;
    const code = parseInt(braced ?? four ?? "", 16);
    if (code <= 0x10ffff) return String.fromCodePoint(code);
    wrong = true;
    return "";
  });
  return wrong ? undefined : plain;
}
