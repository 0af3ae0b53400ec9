interface EscapesChoiceProps {
  checked: boolean;
  // Where the text holds what cannot be typed otherwise.
  needed: boolean;
  onChange(checked: boolean): void;
}

export function EscapesChoice({ checked, needed, onChange }: EscapesChoiceProps) {
  return (
    <label className="flex items-center gap-1.5 text-xs text-muted">
      <input
        type="checkbox"
        checked={checked}
        disabled={needed}
        onChange={(event) => onChange(event.target.checked)}
        className="accent-accent"
      />
      <span>
        Escapes: <code>\n</code>, <code>\0</code> or <code>\u&#123;7&#125;</code> stand for characters
      </span>
    </label>
  );
}
