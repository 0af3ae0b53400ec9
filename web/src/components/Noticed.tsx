import { useEffect, useRef, useState, type ReactNode } from "react";
import { classes } from "@/components/classes";

const NOTICE_MS = 1_600;

interface NoticedProps {
  // What is watched: when it changes the content flashes once. Undefined while it is not known.
  value: string | number | undefined;
  className?: string;
  children: ReactNode;
}

export function Noticed({ value, className, children }: NoticedProps) {
  const before = useRef(value);
  const [noticed, setNoticed] = useState(false);

  useEffect(() => {
    const known = before.current !== undefined && value !== undefined;
    const changed = known && before.current !== value;
    before.current = value;
    if (!changed) return;
    setNoticed(true);
    const timer = setTimeout(() => setNoticed(false), NOTICE_MS);
    return () => clearTimeout(timer);
  }, [value]);

  return <span className={classes("rounded", noticed && "noticed", className)}>{children}</span>;
}
