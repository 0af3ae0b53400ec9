export const KEY_LIMIT = 1024;

export function keySize(key: string): number {
  return new TextEncoder().encode(key).length;
}

// Why the server would refuse the key, or undefined.
export function keyProblemOf(key: string): string | undefined {
  if (isBroken(key)) return "Half of a character stands alone in it";
  if (key === "") return "A key is at least one byte long";
  return keySize(key) > KEY_LIMIT ? `A key is at most ${KEY_LIMIT} bytes long` : undefined;
}

// Half of a character: UTF-8 cannot say it.
export function isBroken(text: string): boolean {
  return /\p{Surrogate}/u.test(text);
}
