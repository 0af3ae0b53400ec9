import { useId } from "react";

interface TextFieldProps {
  label: string;
  text: string;
  onChange(text: string): void;
  hint?: string;
  multiline?: boolean;
}

const BOX = "mt-1 w-full rounded-md border border-line bg-page px-2 py-1.5 font-mono";

export function TextField({ label, text, onChange, hint, multiline = false }: TextFieldProps) {
  const id = useId();
  return (
    <div>
      <div className="flex items-baseline justify-between gap-2">
        <label htmlFor={id} className="font-medium">
          {label}
        </label>
        {hint && <span className="text-xs text-muted">{hint}</span>}
      </div>
      {multiline ? (
        <textarea id={id} rows={2} value={text} onChange={(event) => onChange(event.target.value)} className={BOX} />
      ) : (
        <input
          id={id}
          type="text"
          value={text}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => onChange(event.target.value)}
          className={BOX}
        />
      )}
    </div>
  );
}
