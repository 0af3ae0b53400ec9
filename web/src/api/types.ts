// What the server sends, in the server's own words. The contract is section 4 of the specification.

export type NodeState = "Follower" | "Candidate" | "PreCandidate" | "Leader" | "Down";

export interface ClusterNode {
  id: string;
  state: NodeState;
  term: number;
  leader_id: string;
  commit_index: number;
  last_applied: number;
  // Of its log: the first index that is left of it, and its records on the disk. A Go server says neither, and 0.
  first_index?: number;
  log_bytes?: number;
  // Last index that its newest snapshot holds; 0: there is none.
  snapshot_index?: number;
  // Snapshots on their way from this leader.
  sending?: { to: string; percent: number }[];
  reachable: boolean;
  // Why it takes no part, in its own words or in those of who asked it.
  error?: string;
}

// GET /api/cluster, and the data of a `status` frame. Nodes are sorted by id.
export interface Cluster {
  nodes: ClusterNode[];
  leader_id: string;
  term: number;
  timestamp: number;
}

export type RuleAction = "drop" | "delay" | "loss";

// One direction of one link; an absent end stands for every node.
export interface Rule {
  id: string;
  from_node?: string;
  to_node?: string;
  action: RuleAction;
  params?: { delay_ms?: number; jitter_ms?: number; loss_rate?: number };
}

// The rules installed on one node.
export interface PeerRules {
  node: string;
  rules: Rule[];
  error?: string;
}

// GET /api/cluster/chaos/state, and the data of a `chaos` frame.
export interface ChaosState {
  peers: PeerRules[];
}

export interface LogEntry {
  index: number;
  term: number;
  type: "normal" | "config";
  committed: boolean;
  applied: boolean;
  data: string;
}

// One node's tail of the log. Where `error` is set the other fields are empty.
export interface NodeLog {
  node: string;
  last_index: number;
  commit_index: number;
  last_applied: number;
  entries: LogEntry[];
  error?: string;
}

// GET /api/cluster/log, and the data of a `log` frame.
export interface ClusterLog {
  nodes: NodeLog[];
}

// Who is leaving votes until the change has ended.
export type MemberRole = "voter" | "learner" | "leaving";

export interface Member {
  id: string;
  grpc: string;
  http: string;
  role: MemberRole;
  incarnation: string;
  // What only the leader knows.
  match_index?: number;
  progress?: "probe" | "replicate" | "snapshot";
  version?: string;
  // Of a learner.
  caught_up?: boolean;
  becomes_voter?: boolean;
  replaces?: string;
  // Why the leader does not count on it now.
  error?: string;
}

// GET /api/cluster/members, and the data of a `members` frame. Members are sorted by id.
export interface Members {
  cluster_id: string;
  // Of the log's entry that says so.
  index: number;
  joint: boolean;
  members: Member[];
}

// What went over one directed link since the frame before.
export interface LinkTraffic {
  from: string;
  to: string;
  appends: number;
  votes: number;
  losses: number;
}

interface FrameOf<Type extends string, Data> {
  type: Type;
  timestamp: number;
  node_id?: string;
  data: Data;
}

// One event of GET /api/events?include=chaos,log,links,members.
export type Frame =
  | FrameOf<"status", Cluster>
  | FrameOf<"leader_change", { from: string; to: string }>
  | FrameOf<"term_change", { from: number; to: number }>
  | FrameOf<"node_down", { id: string }>
  | FrameOf<"node_up", { id: string }>
  | FrameOf<"chaos", ChaosState>
  | FrameOf<"log", ClusterLog>
  | FrameOf<"members", Members>
  | FrameOf<"links", { links: LinkTraffic[] }>;

export interface NodeConfig {
  node: string;
  election_timeout_ms: number;
  heartbeat_ms: number;
  error?: string;
}

// GET and POST /api/cluster/config.
export interface ClusterConfig {
  nodes: NodeConfig[];
}

// The answer to isolate, partition, delay and loss: one row per node.
export interface ChaosResult {
  action: string;
  results: { node: string; installed?: string[]; error?: string }[];
}

// POST /api/cluster/chaos/heal: per node "ok" or what went wrong.
export interface HealResult {
  healed: Record<string, string>;
}
