import { useLayoutEffect } from "react";
import { useSelect } from "@/state/hooks";

export function useTheme(): void {
  const theme = useSelect((state) => state.preferences.theme);
  useLayoutEffect(() => {
    if (theme === "system") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = theme;
  }, [theme]);
}
