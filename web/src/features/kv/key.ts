export const KEY_LIMIT = 1024;

export function keySize(key: string): number {
  return new TextEncoder().encode(key).length;
}

// Why the server would refuse the key, or undefined.
export function keyProblemOf(key: string): string | undefined {
  if (key === "") return "A key is at least one byte long";
  return keySize(key) > KEY_LIMIT ? `A key is at most ${KEY_LIMIT} bytes long` : undefined;
}
