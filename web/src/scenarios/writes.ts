import type { Lab } from "@/scenarios/scenario";

// Writes keys one after the other; the time that each took, in ms.
export async function writeKeys(lab: Lab, prefix: string, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let i = 1; i <= count; ++i) {
    const { elapsed_ms } = await lab.put(`lab/${prefix}/${i}`, new Date().toISOString());
    times.push(elapsed_ms);
  }
  return times;
}

export function milliseconds(ms: number): string {
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
}

// "1.2–8.4 ms"
export function spread(times: readonly number[]): string {
  if (times.length === 0) return "—";
  const low = Math.min(...times);
  const high = Math.max(...times);
  const digits = high < 10 ? 1 : 0;
  return `${low.toFixed(digits)}–${high.toFixed(digits)} ms`;
}

export function median(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
