import { useEffect, useState } from "react";

// The time in ms, renewed every `interval_ms` while `active`.
export function useNow(interval_ms: number, active = true): number {
  const [now, setNow] = useState(Date.now);

  useEffect(() => {
    if (!active) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), interval_ms);
    return () => clearInterval(timer);
  }, [interval_ms, active]);

  return now;
}
