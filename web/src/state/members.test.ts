import { expect, it } from "vitest";
import { healthOf } from "@/state/health";
import { changesBetween, roleOf, votersOf } from "@/state/members";
import { nodeViews } from "@/state/nodes";
import { initialState, reduce } from "@/state/state";
import { cluster, down, isolated, members } from "@/test/fixtures";

const three = members([{ id: "node1" }, { id: "node2" }, { id: "node3" }]);
const titles = (...args: Parameters<typeof changesBetween>) =>
  changesBetween(...args).map(({ title, detail }) => (detail ? `${title}: ${detail}` : title));

it("takes every node for a voter where nobody has told", () => {
  expect(roleOf(null, "node1")).toBe("voter");
  expect(votersOf(cluster(), null)).toHaveLength(3);
});

it("tells who came, what became of it, and who left", () => {
  const learning = members([...three.members, { id: "node4", role: "learner", replaces: "node2" }]);
  const joint = members([
    { id: "node1" },
    { id: "node2", role: "leaving" },
    { id: "node3" },
    { id: "node4", role: "voter" },
  ]);
  const after = members([{ id: "node1" }, { id: "node3" }, { id: "node4" }]);
  expect(titles(null, three)).toEqual([]);
  expect(titles(three, three)).toEqual([]);
  expect(titles(three, learning)).toEqual(["node4 is a learner: in the place of node2"]);
  expect(titles(learning, joint)).toEqual(["node2 is leaving", "node4 is a voter"]);
  expect(titles(joint, after)).toEqual(["node2 is no member any more"]);
  expect(titles(null, after)).toEqual([]);
  expect(titles(three, members([...after.members.slice(0, 2), { id: "node2", role: "learner" }]))).toEqual([
    "node2 is a learner",
  ]);
});

it("tells a node whose directory is another", () => {
  const lost = members([{ id: "node1" }, { id: "node2", incarnation: "other" }, { id: "node3" }]);
  expect(titles(three, lost)).toEqual(["node2 has another directory"]);
});

it("lists changes of the members in the timeline, as the cluster's", () => {
  const frame = (data: typeof three, timestamp: number) =>
    ({ type: "frame", frame: { type: "members", timestamp, data }, at: timestamp }) as const;
  const grown = members([...three.members, { id: "node4", role: "learner" }]);
  const { timeline, picture } = [frame(three, 1), frame(three, 2), frame(grown, 3)].reduce(reduce, initialState);
  expect(picture.members).toEqual(grown);
  expect(timeline.events).toEqual([
    { id: 1, at: 3, kind: "member", title: "node4 is a learner", detail: "node4:7000" },
  ]);
});

it("draws learners and who is leaving unlike voters, and what is wrong before that", () => {
  const changing = members(
    [{ id: "node1" }, { id: "node2", role: "leaving" }, { id: "node3", role: "learner" }, { id: "node4" }],
    { joint: true },
  );
  const looks = nodeViews(cluster(4), null, changing).map(({ look, label, role }) => `${look} ${label} ${role}`);
  expect(looks).toEqual([
    "leader Leader voter",
    "leaving Leaving leaving",
    "learner Learner learner",
    "follower Follower voter",
  ]);
  expect(nodeViews(cluster(4, { node3: down("node3") }), null, changing)[2]).toMatchObject({
    look: "down",
    role: "learner",
  });
  const all = ["node1", "node2", "node3", "node4"];
  expect(nodeViews(cluster(4), isolated("node3", all), changing)[2]).toMatchObject({
    look: "partitioned",
    label: "Learner",
  });
});

it("counts no learner where a majority is asked for", () => {
  const two = members([{ id: "node1" }, { id: "node2" }, { id: "node3", role: "learner" }]);
  const learner_down = cluster(3, { node3: down("node3") });
  const voter_down = cluster(3, { node2: down("node2") });
  expect(healthOf(learner_down, null, two)).toBe("DEGRADED");
  expect(healthOf(voter_down, null, two)).toBe("CRITICAL");
  expect(healthOf(voter_down, null)).toBe("DEGRADED");
});
