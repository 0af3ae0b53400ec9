import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Change } from "@/api/watch";
import { KeyFollower, UNREAD, type Followed } from "@/features/kv/keyFollower";

interface Keys {
  followed: Followed;
  readMore(): void;
  note(change: Change): void;
}

// The keys that begin with `prefix`, followed while `active` and while the page is seen: a browser opens six connections
// to a host at most, for all its pages together.
export function useKeys(prefix: string, active: boolean): Keys {
  // Until something of another prefix is known, what is there stays.
  const [followed, setFollowed] = useState<Followed>(UNREAD);
  const follower = useMemo(() => new KeyFollower(prefix, setFollowed), [prefix]);
  const visible = useVisible();
  const ended = useRef(new AbortController());

  useEffect(() => {
    if (!active || !visible) return;
    const controller = (ended.current = new AbortController());
    void follower.run(controller.signal);
    return () => controller.abort();
  }, [follower, active, visible]);

  return {
    followed,
    readMore: () => void follower.readMore(ended.current.signal),
    note: useCallback((change) => follower.note(change), [follower]),
  };
}

function useVisible(): boolean {
  const [visible, setVisible] = useState(!document.hidden);
  useEffect(() => {
    const update = () => setVisible(!document.hidden);
    document.addEventListener("visibilitychange", update);
    return () => document.removeEventListener("visibilitychange", update);
  }, []);
  return visible;
}
