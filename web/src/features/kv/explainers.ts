import type { Explanation } from "@/components/Explainer";
import type { Operation } from "@/features/kv/operation";

export const EXPLAINERS: Record<"keys" | Operation["kind"], Explanation> = {
  keys: {
    title: "Keys: a version is a place in the log",
    text:
      "Every change of a key is an entry of the log, and its index is the key’s version. A write that names the version which " +
      "it replaces is refused where another came first; all nodes decide that alike, when they apply it. And a watch is the " +
      "same log, read on.",
    section: "§5.3 Log replication; §8 Client interaction",
  },
  put: {
    title: "PUT: a write is an entry in the log",
    text:
      "The leader answers once a majority holds the entry on disk and it has been applied to the map, so an acknowledged write " +
      "survives any minority of crashes. A 503 means that it certainly did not happen; a 504 means that nobody knows yet.",
    section: "§5.3 Log replication; §8 Client interaction",
  },
  get: {
    title: "GET: a read must not come from the past",
    text:
      "A deposed leader may not know yet that it is one. So before it answers a linearizable read, the leader hears from a " +
      "majority that it still leads. A stale read asks nobody: it works even on a node cut off, and may be old.",
    section: "§8 Client interaction",
  },
  delete: {
    title: "DELETE: taking away is written down, too",
    text:
      "Every node applies the same commands in the same order, so all maps stay equal. A deletion is therefore an entry like any " +
      "other, and deleting what is not there succeeds just as well.",
    section: "§2 Replicated state machines",
  },
};
