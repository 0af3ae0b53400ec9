import { lazy, type ComponentType } from "react";
import { Button } from "@/components/Button";

// A component whose script comes after the page's own. Where it does not come, for the server may be another one by now,
// it says so in its place.
export function later<Props>(load: () => Promise<ComponentType<Props>>) {
  return lazy(async (): Promise<{ default: ComponentType<Props> }> => {
    try {
      return { default: await load() };
    } catch {
      return { default: NotLoaded };
    }
  });
}

function NotLoaded() {
  return (
    <div role="alert" className="space-y-2 p-3">
      <p>This part of the page could not be loaded.</p>
      <Button onClick={() => location.reload()}>Load the page again</Button>
    </div>
  );
}
