import type { ButtonHTMLAttributes } from "react";
import { classes } from "@/components/classes";
import { Spinner } from "@/components/Spinner";

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: "primary" | "plain" | "danger";
  busy?: boolean;
  // For one of several in a row of a list.
  small?: boolean;
}

const LOOKS = {
  primary: "border-accent bg-accent text-panel hover:enabled:opacity-90",
  plain: "border-line bg-raised text-ink hover:enabled:border-muted",
  danger: "border-down bg-down/10 text-down hover:enabled:bg-down/20",
};

export function Button({
  look = "plain",
  busy = false,
  small = false,
  className,
  children,
  disabled,
  ...rest
}: ButtonProps) {
  return (
    <button
      type="button"
      disabled={disabled || busy}
      aria-busy={busy}
      className={classes(
        "inline-flex shrink-0 items-center justify-center gap-1.5 rounded-md whitespace-nowrap border font-medium transition-colors disabled:opacity-50",
        small ? "px-2 py-0.5 text-xs" : "px-3 py-1.5",
        LOOKS[look],
        className,
      )}
      {...rest}
    >
      {busy && <Spinner />}
      {children}
    </button>
  );
}
