// The document in hand, and the address that leads to it: /lab, /lab/<incident>, or #<experiment>.
import { useCallback, useEffect, useReducer, useState } from "react";
import { getDefences, getIncidents, isSaved, saved, type Defence, type Incident } from "@/api/lab";
import {
  change,
  FREE,
  openAs,
  sheetOf,
  sheetOfLink,
  sheetOfRuns,
  swarmOf,
  type Document,
  type Edit,
} from "@/features/lab/document";
import { fromLink } from "@/features/lab/link";

export interface Lab {
  incidents: Incident[];
  defences: Defence[];
  // The incident that is shown; nothing: the free laboratory, or what came by a link.
  chosen: string | undefined;
  document: Document;
  ready: boolean;
  error: string | undefined;
  choose: (name: string | undefined) => void;
  surprise: () => void;
  edit: (edit: Edit) => void;
}

const nameInPath = (): string | undefined => /^\/lab\/([^/]+)/.exec(location.pathname)?.[1];

export function useDocument(): Lab {
  const [incidents, setIncidents] = useState<Incident[]>([]);
  const [defences, setDefences] = useState<Defence[]>([]);
  const [chosen, setChosen] = useState<string>();
  const [document, edit] = useReducer(change, openAs(FREE));
  const [ready, setReady] = useState(false);
  const [error, setError] = useState<string>();

  const show = useCallback((all: Incident[], name: string | undefined) => {
    const incident = all.find((one) => one.name === name);
    setChosen(incident?.name);
    edit({ type: "open", sheet: incident ? sheetOf(incident) : FREE });
  }, []);

  useEffect(() => {
    const abort = new AbortController();
    const open = async () => {
      const all = await getIncidents(abort.signal);
      setDefences(await getDefences(abort.signal));
      const linked = location.hash.length > 1 ? await fromLink(location.hash.slice(1)) : undefined;
      abort.signal.throwIfAborted();
      setIncidents(all);
      if (saved) {
        setChosen(all[0]?.name);
        edit({ type: "open", sheet: sheetOfRuns(saved.on.experiment, saved.off?.experiment) });
      } else if (linked) edit({ type: "open", sheet: sheetOfLink(linked, all) });
      else show(all, nameInPath() ?? all[0]?.name);
      setReady(true);
    };
    open().catch((why: unknown) => {
      if (!abort.signal.aborted) setError(why instanceof Error ? why.message : String(why));
    });
    return () => abort.abort();
  }, [show]);

  useEffect(() => {
    const onBack = () => show(incidents, nameInPath() ?? incidents[0]?.name);
    addEventListener("popstate", onBack);
    return () => removeEventListener("popstate", onBack);
  }, [incidents, show]);

  const choose = useCallback(
    (name: string | undefined) => {
      if (!isSaved) history.pushState(null, "", name ? `/lab/${name}` : "/lab/free");
      show(incidents, name);
    },
    [incidents, show],
  );
  const surprise = useCallback(() => {
    history.pushState(null, "", "/lab/free");
    setChosen(undefined);
    edit({ type: "open", sheet: swarmOf(1 + Math.floor(Math.random() * 1e6), 3) });
  }, []);
  return { incidents, defences, chosen, document, ready, error, choose, surprise, edit };
}
