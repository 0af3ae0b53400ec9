// Many kinds of faults in one cluster, for tests and pictures of a crowded page.
import type { TestCluster } from "./cluster";

export interface Faults {
  down: string[];
  isolated: string;
  delayed?: string;
  lossy?: string;
  cut?: [string, string];
}

// By the number of nodes, as many kinds as leave a majority.
export const FAULTS: Record<number, Faults> = {
  3: { down: [], isolated: "node2", delayed: "node3" },
  5: { down: ["node5"], isolated: "node4", delayed: "node3", lossy: "node2" },
  7: { down: ["node7"], isolated: "node6", delayed: "node5", lossy: "node4", cut: ["node2", "node3"] },
};

export async function inject({ down, isolated, delayed, lossy, cut }: Faults, cluster: TestCluster): Promise<void> {
  for (const node of down) await cluster.kill(node);
  await cluster.post("/api/cluster/chaos/isolate", { node: isolated });
  if (delayed) await cluster.post("/api/cluster/chaos/delay", { node: delayed, delay_ms: 120, jitter_ms: 10 });
  if (lossy) await cluster.post("/api/cluster/chaos/loss", { node: lossy, loss_rate: 0.3 });
  if (cut) await cluster.post("/api/cluster/chaos/partition", { a: cut[0], b: cut[1] });
}
