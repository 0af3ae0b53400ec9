import { healAll } from "@/api/chaos";
import { messageOf } from "@/api/request";

const ATTEMPTS = 4;
const PAUSE_MS = 500;
const LONG_PAUSE_MS = 2_000;

// Heals every node, trying again where the request or some node fails. Returns the names of nodes that never said ok:
// one that is down keeps no rules, but one that merely hangs does. Throws where no request got through.
export async function healPersistently(): Promise<string[]> {
  let silent: string[] = [];
  for (let attempt = 1; ; ++attempt) {
    try {
      silent = Object.entries(await healAll()).flatMap(([node, result]) => (result === "ok" ? [] : [node]));
      if (silent.length === 0 || attempt === ATTEMPTS) return silent;
    } catch (error) {
      if (attempt === ATTEMPTS) throw new Error(`healing failed ${ATTEMPTS} times (${messageOf(error)})`);
    }
    await pause(PAUSE_MS);
  }
}

// The same for as long as it takes: the node that serves the page may be down, and the others be left with its faults.
export async function healUntilDone(): Promise<string[]> {
  for (;;) {
    try {
      return await healPersistently();
    } catch {
      await pause(LONG_PAUSE_MS);
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
