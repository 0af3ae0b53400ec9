// What the cluster looks like, as of the last frames.
import type { ChaosState, Cluster, ClusterLog, ClusterNode, LinkTraffic, Members } from "@/api/types";
import type { Action } from "@/state/actions";

// One `links` frame, kept for as long as its pulses take to cross an edge.
export interface TrafficFrame {
  // Grows with every frame, so that each is drawn once.
  sequence: number;
  at: number;
  links: LinkTraffic[];
}

export interface Picture {
  cluster: Cluster | null;
  chaos: ChaosState | null;
  log: ClusterLog | null;
  members: Members | null;
  traffic: TrafficFrame[];
}

export const initialPicture: Picture = { cluster: null, chaos: null, log: null, members: null, traffic: [] };

// How long a pulse is under way at most, its delayed start included.
export const PULSE_LIFETIME_MS = 1_500;

export function reducePicture(picture: Picture, action: Action): Picture {
  if (action.type !== "frame") return picture;
  const { frame, at } = action;
  switch (frame.type) {
    case "status":
      return { ...picture, cluster: frame.data, traffic: withoutOld(picture.traffic, at) };
    case "chaos":
      return { ...picture, chaos: frame.data };
    case "log":
      return { ...picture, log: frame.data };
    case "members":
      return { ...picture, members: frame.data };
    case "links": {
      const sequence = (picture.traffic.at(-1)?.sequence ?? 0) + 1;
      const traffic = [...withoutOld(picture.traffic, at), { sequence, at, links: frame.data.links }];
      return { ...picture, traffic };
    }
    // These come between two status frames: the picture need not wait for the next.
    case "leader_change":
      return withCluster(picture, (cluster) => ({
        ...withNode(cluster, frame.data.to, { state: "Leader" }),
        leader_id: frame.data.to,
      }));
    case "term_change":
      return withCluster(picture, (cluster) => ({ ...cluster, term: frame.data.to }));
    case "node_down":
      return withCluster(picture, (cluster) => withNode(cluster, frame.data.id, { state: "Down", reachable: false }));
    default:
      return picture;
  }
}

function withoutOld(traffic: TrafficFrame[], now: number): TrafficFrame[] {
  return traffic.every((frame) => now - frame.at < PULSE_LIFETIME_MS)
    ? traffic
    : traffic.filter((frame) => now - frame.at < PULSE_LIFETIME_MS);
}

function withCluster(picture: Picture, change: (cluster: Cluster) => Cluster): Picture {
  return picture.cluster ? { ...picture, cluster: change(picture.cluster) } : picture;
}

function withNode(cluster: Cluster, id: string, change: Partial<ClusterNode>): Cluster {
  return { ...cluster, nodes: cluster.nodes.map((node) => (node.id === id ? { ...node, ...change } : node)) };
}
