import { useNow } from "@/components/useNow";

export function HealCountdown({ heal_at }: { heal_at: number }) {
  const left_ms = Math.max(0, heal_at - useNow(100));
  return (
    <p className="text-xs text-down" role="timer">
      <span aria-hidden="true">⚡</span> A fault is in force; it heals in {(left_ms / 1000).toFixed(1)} s.
    </p>
  );
}
