import { useEffect, useState } from "react";
import { follow, initialRoute, type Route } from "@/app/route";

// The route as the address says it, also when somebody goes back, forward, or edits it.
export function useRoute(): Route {
  const [route, setRoute] = useState(() => follow(initialRoute, location.hash));

  useEffect(() => {
    const onHashChange = () => setRoute((before) => follow(before, location.hash));
    window.addEventListener("hashchange", onHashChange);
    return () => window.removeEventListener("hashchange", onHashChange);
  }, []);

  return route;
}
