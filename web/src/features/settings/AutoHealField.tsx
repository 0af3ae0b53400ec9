import { useEffect, useState } from "react";
import { NumberField } from "@/components/NumberField";
import { problemOf } from "@/components/number";
import { useDispatch, useSelect } from "@/state/hooks";
import { AUTO_HEAL_MS } from "@/state/preferences";

const SECONDS = { min: AUTO_HEAL_MS.min / 1000, max: AUTO_HEAL_MS.max / 1000 };

// Kept as soon as it is a number in range; nothing has to be applied anywhere.
export function AutoHealField({ onFocus }: { onFocus(): void }) {
  const dispatch = useDispatch();
  const seconds = useSelect((state) => state.preferences.auto_heal_ms / 1000);
  const [text, setText] = useState(String(seconds));

  useEffect(() => setText(String(seconds)), [seconds]);

  const change = (typed: string) => {
    setText(typed);
    if (problemOf(typed, SECONDS)) return;
    dispatch({ type: "preferences", change: { auto_heal_ms: Number(typed) * 1000 } });
  };

  return <NumberField {...SECONDS} label="Auto-heal delay" unit="s" text={text} onChange={change} onFocus={onFocus} />;
}
