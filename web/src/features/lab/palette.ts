// The page's colours as a canvas takes them: resolved for the theme that is shown.
import { useEffect, useState } from "react";
import type { Palette } from "@/features/lab/geometry";

const NAMES = {
  ink: "--ink",
  muted: "--muted",
  line: "--line",
  panel: "--panel",
  accent: "--accent",
  Leader: "--leader",
  Follower: "--follower",
  Candidate: "--candidate",
  down: "--down",
  delayed: "--delayed",
};

function resolve(): Palette {
  const probe = document.createElement("span");
  document.body.append(probe);
  const palette = Object.fromEntries(
    Object.entries(NAMES).map(([name, variable]) => {
      probe.style.color = `var(${variable})`;
      return [name, getComputedStyle(probe).color];
    }),
  );
  probe.remove();
  return palette as unknown as Palette;
}

export function usePalette(): Palette {
  const [palette, setPalette] = useState(resolve);
  useEffect(() => {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const change = () => setPalette(resolve());
    dark.addEventListener("change", change);
    return () => dark.removeEventListener("change", change);
  }, []);
  return palette;
}
