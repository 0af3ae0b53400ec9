import { useId } from "react";
import { LOSS_PERCENT } from "@/features/chaos/draft";

interface LossSliderProps {
  percent: number;
  onChange(percent: number): void;
}

export function LossSlider({ percent, onChange }: LossSliderProps) {
  const id = useId();
  return (
    <div>
      <label htmlFor={id} className="flex justify-between font-medium">
        Messages lost <output className="font-mono">{percent}%</output>
      </label>
      <input
        id={id}
        type="range"
        {...LOSS_PERCENT}
        value={percent}
        aria-valuetext={`${percent} percent`}
        onChange={(event) => onChange(Number(event.target.value))}
        className="mt-2.5 w-full accent-candidate"
      />
    </div>
  );
}
