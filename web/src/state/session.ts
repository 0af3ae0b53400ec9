import { createContext, useContext } from "react";
import type { Session } from "@/api/session";

// Of this page; null where nobody has asked.
export const SessionContext = createContext<Session | null>(null);

// Why this page may not do what takes `role`, or undefined where it may. The server decides; this only saves the attempt.
export function useRefusal(role: string): string | undefined {
  const session = useContext(SessionContext);
  if (!session?.required || session.roles.includes(role)) return undefined;
  return `This takes the role ${role}, and the token “${session.name}” has ${session.roles.join(" and ") || "none"}.`;
}
