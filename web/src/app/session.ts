import { createContext } from "react";
import type { Session } from "@/api/session";

// Of this page; null where nobody has asked.
export const SessionContext = createContext<Session | null>(null);
