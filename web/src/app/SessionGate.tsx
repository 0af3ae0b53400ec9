import { useEffect, useState, type ReactNode } from "react";
import { readSession, type Session } from "@/api/session";
import { TokenForm } from "@/app/TokenForm";
import { SessionContext } from "@/state/session";

// Nothing of the page is there before its node lets it in; a node that cannot say wants nothing of it.
export function SessionGate({ onEnter, children }: { onEnter?(): void; children: ReactNode }) {
  const [session, setSession] = useState<Session>();

  useEffect(() => {
    const open: Session = { required: false, name: "", roles: [], encrypted: location.protocol === "https:" };
    // A page that was saved as a file has no node.
    if (!location.protocol.startsWith("http")) return setSession(open);
    readSession().then(setSession, () => setSession(open));
  }, []);

  const entered = session !== undefined && (!session.required || session.name !== "");
  useEffect(() => {
    if (entered) onEnter?.();
  }, [entered, onEnter]);

  if (session === undefined) return null;
  if (!entered) return <TokenForm onSession={setSession} />;
  return <SessionContext.Provider value={session}>{children}</SessionContext.Provider>;
}
