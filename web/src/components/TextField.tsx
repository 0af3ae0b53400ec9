import { useId } from "react";

interface TextFieldProps {
  label: string;
  text: string;
  onChange(text: string): void;
  hint?: string;
  multiline?: boolean;
  rows?: number;
  autoFocus?: boolean;
}

const BOX = "mt-1 w-full rounded-md border border-line bg-page px-2 py-1.5 font-mono";

export function TextField({ label, text, onChange, hint, multiline = false, rows = 2, autoFocus }: TextFieldProps) {
  const id = useId();
  const common = { id, value: text, autoFocus, spellCheck: false, className: BOX };
  return (
    <div>
      <div className="flex items-baseline justify-between gap-2">
        <label htmlFor={id} className="font-medium">
          {label}
        </label>
        {hint && <span className="text-xs text-muted">{hint}</span>}
      </div>
      {multiline ? (
        <textarea {...common} rows={rows} onChange={(event) => onChange(event.target.value)} />
      ) : (
        <input {...common} type="text" autoComplete="off" onChange={(event) => onChange(event.target.value)} />
      )}
    </div>
  );
}
