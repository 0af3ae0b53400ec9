import { useEffect, useState } from "react";

const NOTICE_MS = 1_600;

// Lies over a row that changed, for a moment: it takes no room, and no focus.
export function ChangeMark() {
  const [there, setThere] = useState(true);
  useEffect(() => {
    const timer = setTimeout(() => setThere(false), NOTICE_MS);
    return () => clearTimeout(timer);
  }, []);
  return there && <span aria-hidden="true" data-changed className="noticed pointer-events-none absolute inset-0" />;
}
