// A whole number that a person types, and the range it has to be in.

export interface Range {
  min: number;
  max: number;
}

// What is wrong with `text`, or undefined.
export function problemOf(text: string, { min, max }: Range): string | undefined {
  if (!/^\d+$/.test(text.trim())) return `a whole number from ${min} to ${max}`;
  const value = Number(text);
  return value < min || value > max ? `from ${min} to ${max}` : undefined;
}
