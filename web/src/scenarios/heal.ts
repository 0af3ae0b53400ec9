import { healAll } from "@/api/chaos";
import { messageOf } from "@/api/request";

const ATTEMPTS = 4;
const PAUSE_MS = 500;

// Heals every node that can be reached, trying again where the request itself fails. A node that is down keeps no
// rules, so its error is none of ours.
export async function healPersistently(): Promise<void> {
  for (let attempt = 1; ; ++attempt) {
    try {
      await healAll();
      return;
    } catch (error) {
      if (attempt === ATTEMPTS) throw new Error(`healing failed ${ATTEMPTS} times (${messageOf(error)})`);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}
