import { useEffect, useRef, useState, type ReactNode } from "react";
import { classes } from "@/components/classes";

const NOTICE_MS = 1_600;

interface NoticedProps {
  // What is watched: when it changes, from something to something else, the content flashes once.
  value: string | number;
  className?: string;
  children: ReactNode;
}

export function Noticed({ value, className, children }: NoticedProps) {
  const before = useRef(value);
  const [noticed, setNoticed] = useState(false);

  useEffect(() => {
    if (before.current === value) return;
    before.current = value;
    setNoticed(true);
    const timer = setTimeout(() => setNoticed(false), NOTICE_MS);
    return () => clearTimeout(timer);
  }, [value]);

  return <span className={classes("rounded", noticed && "noticed", className)}>{children}</span>;
}
