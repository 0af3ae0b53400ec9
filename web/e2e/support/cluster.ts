// Real raftly-server processes on free ports of this machine, in a directory of their own.
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, openSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Cluster, NodeConfig, PeerRules } from "../../src/api/types";
import { eventually } from "./eventually";

const SERVER =
  process.env["RAFTLY_SERVER"] ?? new URL("../../../build/release/bin/raftly-server", import.meta.url).pathname;

export interface Timings {
  election_timeout_ms: number;
  heartbeat_ms: number;
}

// Further flags of every server, and the token that the tests' own requests show.
export interface Access {
  flags: readonly string[];
  token?: string;
}

// A name for a token, its role or roles: the token, and its line for the file.
export function newToken(name: string, roles: string): [token: string, line: string] {
  const [token, ...line] = execFileSync(SERVER, ["-new-token", name, roles], { encoding: "utf8" }).split("\n");
  return [token!, line.join("\n")];
}

// Slow enough that a busy machine holds no elections of its own accord.
const UNHURRIED: Timings = { election_timeout_ms: 1000, heartbeat_ms: 100 };

const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export class TestCluster {
  readonly #directory = mkdtempSync(join(tmpdir(), "raftly-e2e-"));
  readonly #processes = new Map<string, ChildProcess>();
  readonly #http: Map<string, number>;
  readonly #grpc: Map<string, number>;

  private constructor(
    readonly names: readonly string[],
    ports: readonly number[],
    readonly timings_at_start: Timings,
    readonly access: Access,
  ) {
    this.#http = new Map(names.map((name, i) => [name, ports[i]!]));
    this.#grpc = new Map(names.map((name, i) => [name, ports[names.length + i]!]));
  }

  // Resolves when all nodes follow one leader.
  static async start(
    names: readonly string[] = ["node1", "node2", "node3"],
    timings = UNHURRIED,
    access: Access = { flags: [] },
  ): Promise<TestCluster> {
    const cluster = new TestCluster(names, await freePorts(2 * names.length), timings, access);
    for (const name of names) cluster.revive(name);
    await cluster.agreed();
    return cluster;
  }

  url(name = this.names[0]!): string {
    return `http://127.0.0.1:${this.#http.get(name)}`;
  }

  // As kill -9; resolves when the process is gone.
  async kill(name: string): Promise<void> {
    const child = this.#processes.get(name)!;
    this.#processes.delete(name);
    await ended(child, "SIGKILL");
  }

  // Where a node that is to come will listen.
  async place(name: string): Promise<{ grpc: string; http: string }> {
    const [http, grpc] = await freePorts(2);
    this.#http.set(name, http!);
    this.#grpc.set(name, grpc!);
    return { grpc: `127.0.0.1:${grpc}`, http: `127.0.0.1:${http}` };
  }

  // Starts a node that has a place, and asks `via` to take it in.
  join(name: string, via = this.names[0]!): void {
    this.#start(name, ["-join", this.url(via)]);
  }

  // Starts a node, again or for the first time, with the data that it has.
  revive(name: string): void {
    const others = this.names.filter((other) => other !== name);
    const list = (ports: ReadonlyMap<string, number>, of: readonly string[]) =>
      of.map((each) => `${each}=127.0.0.1:${ports.get(each)}`).join(",");
    this.#start(name, [
      ...["-http-peers", list(this.#http, this.names)],
      ...(others.length > 0 ? ["-peers", list(this.#grpc, others)] : []),
    ]);
  }

  #start(name: string, more: readonly string[]): void {
    const { election_timeout_ms, heartbeat_ms } = this.timings_at_start;
    const flags = [
      ...[
        "-id",
        name,
        "-grpc-addr",
        `127.0.0.1:${this.#grpc.get(name)}`,
        "-http-addr",
        `127.0.0.1:${this.#http.get(name)}`,
      ],
      ...["-data-dir", join(this.#directory, name)],
      ...["-election-timeout", String(election_timeout_ms), "-heartbeat", String(heartbeat_ms)],
      ...more,
      ...this.access.flags,
    ];
    const log = openSync(join(this.#directory, `${name}.log`), "a");
    const child = spawn(SERVER, flags, { stdio: ["ignore", log, log] });
    running.add(child);
    child.once("exit", () => running.delete(child));
    this.#processes.set(name, child);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#processes.values()].map((child) => ended(child, "SIGTERM")));
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async get<Data>(path: string, name = this.names[0]!): Promise<Data> {
    const response = await fetch(this.url(name) + path, { headers: this.#headers() });
    return (await response.json()) as Data;
  }

  async post(path: string, body: unknown = {}, name = this.names[0]!): Promise<void> {
    await fetch(this.url(name) + path, { method: "POST", body: JSON.stringify(body), headers: this.#headers() });
  }

  // A write, answered with the version of the key.
  async send(method: "PUT" | "DELETE", path: string, body: unknown, name = this.names[0]!): Promise<number> {
    const response = await fetch(this.url(name) + path, {
      method,
      body: JSON.stringify(body) ?? null,
      headers: this.#headers(),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return Number(response.headers.get("ETag")?.replaceAll('"', ""));
  }

  #headers(): Record<string, string> {
    return this.access.token ? { Authorization: `Bearer ${this.access.token}` } : {};
  }

  async leader(): Promise<string> {
    const asked = [...this.#processes.keys()][0]!;
    return (await this.get<Cluster>("/api/cluster", asked)).leader_id;
  }

  async agreed(): Promise<void> {
    await eventually("all nodes follow one leader", async () => {
      const { nodes, leader_id } = await this.get<Cluster>("/api/cluster");
      return leader_id !== "" && nodes.every((node) => node.reachable && node.leader_id === leader_id);
    });
  }

  async rules(): Promise<number> {
    const { peers } = await this.get<{ peers: PeerRules[] }>("/api/cluster/chaos/state");
    return peers.reduce((total, { rules }) => total + rules.length, 0);
  }

  async timings(): Promise<[election_timeout_ms: number, heartbeat_ms: number][]> {
    const { nodes } = await this.get<{ nodes: NodeConfig[] }>("/api/cluster/config");
    return nodes.map(({ election_timeout_ms, heartbeat_ms }) => [election_timeout_ms, heartbeat_ms]);
  }
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  await gone;
}

// Outside of the range from which outgoing connections take theirs.
async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
