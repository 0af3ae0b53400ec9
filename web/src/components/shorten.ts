// At most `length` characters, cut in the middle.
export function shorten(text: string, length: number): string {
  if (text.length <= length) return text;
  const tail = Math.floor((length - 1) / 2);
  return `${text.slice(0, length - 1 - tail)}…${text.slice(text.length - tail)}`;
}

const CONTEXT = 4;

// Names of at most `length` characters that still differ where the names do: what all of them begin and end with goes
// first. kv-eu-replica-1.example becomes …replica-1….
export function shortNames(names: readonly string[], length: number): string[] {
  const start = commonStart(names);
  const end = Math.min(
    commonStart(names.map((name) => [...name].reverse().join(""))),
    Math.min(...names.map((name) => name.length)) - start,
  );
  return names.map((name) => {
    if (name.length <= length) return name;
    const core = name.slice(start, name.length - end);
    const after = end > 0 ? "…" : "";
    const room = length - core.length - after.length - 1;
    if (names.length === 1) return shorten(name, length);
    if (room < 0) return shorten(core, length);
    // A little of the context tells more than none, but a letter or two of it tell nothing.
    const context = room < CONTEXT ? "" : name.slice(Math.max(0, start - room), start);
    return (context.length < start ? "…" : "") + context + core + after;
  });
}

function commonStart(names: readonly string[]): number {
  const [first = "", ...others] = names;
  let length = 0;
  while (length < first.length && others.every((other) => other[length] === first[length])) ++length;
  return length;
}
