// Acts that change the members, and that throw a directory away: what they do, and what a trace tells of it.
#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "chaos/sim/defence_names.h"
#include "lab/catalogue.h"
#include "lab/shrink.h"
#include "lab/terminal.h"
#include "tests/support/mutation.h"

namespace raftly {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

Experiment Parsed(const std::string& cluster, const std::string& acts) {
  auto experiment = ParseExperiment(
      absl::StrCat(R"({"format": 1, "seed": 1, "duration_ms": 3000, )", cluster, R"(, "acts": [)", acts, "]}"));
  EXPECT_TRUE(experiment.ok()) << experiment.status();
  return *std::move(experiment);
}

std::vector<json> EventsOf(const LabResult& result, const std::string& kind, const std::string& node = {}) {
  std::vector<json> events;
  const json document = json::parse(result.trace);
  for (const json& event : document.at("events")) {
    if (event.at("e") == kind && (node.empty() || event.value("node", "") == node)) events.push_back(event);
  }
  return events;
}
std::vector<std::string> VotersOf(const json& event) { return event.at("voters").get<std::vector<std::string>>(); }

constexpr const char* kTakeIn = R"({"at_ms": 400, "do": "start", "node": "n4"},
  {"at_ms": 500, "do": "member", "node": "L", "learn": ["n4"], "promote": true},
  {"at_ms": 1500, "do": "put", "node": "leader", "key": "k", "value": "v"})";

TEST(MemberActs, ASpareLearnsAndThenVotes) {
  const LabResult result = RunExperiment(Parsed(R"("nodes": 3, "spares": 1)", kTakeIn));
  EXPECT_FALSE(result.damage());
  const std::vector<json> known = EventsOf(result, "members", "n4");
  ASSERT_FALSE(known.empty());
  EXPECT_THAT(known.front().at("learners"), ElementsAre("n4"));
  EXPECT_THAT(VotersOf(known.back()), ElementsAre("n1", "n2", "n3", "n4"));
  EXPECT_FALSE(known.back().contains("outgoing")) << "the change has ended";
  const std::vector<json> change = EventsOf(result, "change");
  ASSERT_THAT(change, SizeIs(1));
  EXPECT_EQ(change[0].at("outcome"), "ok");
  EXPECT_EQ(change[0].at("act"), 1);
}

TEST(MemberActs, ALeaderThatLeavesLeadsUntilItIsOut) {
  const LabResult result = RunExperiment(
      Parsed(R"("nodes": 3, "members_change": true)", R"({"at_ms": 500, "do": "member", "node": "L", "leave": ["L"]},
             {"at_ms": 1500, "do": "put", "node": "leader", "key": "k", "value": "v"})"));
  EXPECT_FALSE(result.damage());
  EXPECT_EQ(result.summary.acknowledged, 1u);
  EXPECT_EQ(result.summary.leader_changes, 2u);
  EXPECT_THAT(VotersOf(EventsOf(result, "members").back()), SizeIs(2));
}

TEST(MemberActs, WhatIsRefusedIsSaid) {
  const LabResult result =
      RunExperiment(Parsed(R"("nodes": 3, "spares": 1)", R"({"at_ms": 500, "do": "member", "node": "L", "vote": ["n4"]},
             {"at_ms": 600, "do": "member", "node": "F1", "leave": ["F2"]},
             {"at_ms": 700, "do": "crash", "node": "F1"}, {"at_ms": 700, "do": "member", "node": "F1", "leave": ["L"]},
             {"at_ms": 800, "do": "member", "node": "L", "leave": ["n1", "n2", "n3"]})"));
  EXPECT_FALSE(result.damage());
  EXPECT_THAT(EventsOf(result, "members"), IsEmpty());
  std::vector<std::string> why;
  for (const json& change : EventsOf(result, "change")) why.push_back(change.at("why"));
  EXPECT_THAT(why, ElementsAre(HasSubstr("n4 would vote, and has not caught up"), HasSubstr("not the leader"),
                               "nobody is there", "nobody would be left"));
}

TEST(MemberActs, WithNobodyToAskNothingIsDone) {
  const LabResult result =
      RunExperiment(Parsed(R"("nodes": 3, "spares": 1)",
                           R"({"at_ms": 1, "do": "member", "node": "n1", "learn": ["n4"], "leave": ["leader"]})"));
  EXPECT_THAT(result.trace, HasSubstr("not done: nobody leads"));
  EXPECT_THAT(EventsOf(result, "change"), IsEmpty());
}

// In the end it is as if somebody had looked after it.
TEST(MemberActs, AMemberThatWasNeverStartedIsNoDamage) {
  const LabResult result = RunExperiment(
      Parsed(R"("nodes": 3, "spares": 2)", R"({"at_ms": 500, "do": "member", "node": "L", "learn": ["n4", "n5"]})"));
  for (const LabVerdict& verdict : result.verdicts) EXPECT_TRUE(verdict.holds) << verdict.finding;
}

TEST(LoseDirectory, StartsANodeAnewThatCatchesUp) {
  const LabResult result =
      RunExperiment(Parsed(R"("nodes": 3)", R"({"at_ms": 500, "do": "put", "node": "L", "key": "k", "value": "v"},
             {"at_ms": 600, "do": "lose_directory", "node": "F1"},
             {"at_ms": 1500, "do": "crash", "node": "F2"}, {"at_ms": 1510, "do": "lose_directory", "node": "F2"})"));
  EXPECT_FALSE(result.damage());
  const json lost = json::parse(result.trace).at("events");
  std::vector<std::string> what;
  for (const json& event : lost) {
    if (event.at("e") == "process" && event.at("t") >= 600 && event.at("t") < 3000) what.push_back(event.at("what"));
  }
  EXPECT_THAT(what, ElementsAre("killed", "lost_directory", "started", "killed", "lost_directory"))
      << "one that is down waits for its start";
}

// Where members are known by their directories it is another node of an old name, and waits to be taken in.
TEST(LoseDirectory, AnotherIncarnationIsTakenInByAChange) {
  const std::string lose = R"({"at_ms": 500, "do": "put", "node": "L", "key": "k", "value": "v"},
    {"at_ms": 800, "do": "lose_directory", "node": "F1"})";
  const std::string replace = R"(, {"at_ms": 1200, "do": "member", "node": "leader", "replace": "F1"})";
  const std::string cluster = R"("nodes": 3, "members_change": true, "identities": true)";
  const auto applied = [](const LabResult& result, const std::string& node) {
    size_t after = 0;
    for (const json& event : EventsOf(result, "apply", node)) {
      after += event.at("t") > 800 && event.at("t") < 3000 ? 1u : 0u;
    }
    return after;
  };
  const LabResult alone = RunExperiment(Parsed(cluster, lose));
  const LabResult replaced = RunExperiment(Parsed(cluster, lose + replace));
  EXPECT_FALSE(alone.damage()) << "in the end somebody looks after it";
  EXPECT_FALSE(replaced.damage());
  const std::string wiped = EventsOf(replaced, "process").back().at("node");
  EXPECT_EQ(applied(alone, wiped), 0u);
  EXPECT_GT(applied(replaced, wiped), 0u);
  EXPECT_THAT(VotersOf(EventsOf(replaced, "members").back()), SizeIs(3));
}

TEST(MemberActs, TheSameDocumentGivesTheSameBytesAndAForkKeepsItsPast) {
  const Experiment experiment = Parsed(R"("nodes": 3, "spares": 1)", kTakeIn);
  const LabResult once = RunExperiment(experiment);
  EXPECT_EQ(RunExperiment(experiment).trace, once.trace);
  Experiment fork = experiment;
  fork.acts.insert(fork.acts.begin() + 2, {.at = std::chrono::milliseconds(1200),
                                           .what = Act::Do::kMember,
                                           .node = "leader",
                                           .leave = {"F1"},
                                           .time = std::chrono::seconds(1)});
  const LabResult other = RunExperiment(fork);
  const auto past = [](const LabResult& result) {
    std::vector<json> events = EventsOf(result, "sent");
    std::erase_if(events, [](const json& event) { return event.at("t") > 1199; });
    return events;
  };
  EXPECT_GT(past(once).size(), 20u);
  EXPECT_EQ(past(other), past(once));
  EXPECT_FALSE(other.damage());
}

// But for what a mutation takes away.
std::string DamageOf(const char* incident) {
  Experiment experiment = FindIncident(incident)->experiment;
  const Defences defences = DefencesUnderTest();
  for (const NamedDefence& defence : AllDefences()) {
    if (!(defences.*(defence.is_on))) experiment.off.emplace_back(defence.name);
  }
  return Missing(*FindIncident(incident), true, RunExperiment(experiment));
}

TEST(MemberIncidents, TwoLeadersChangeTheMembersInTurn) { EXPECT_THAT(DamageOf("single-server-change"), IsEmpty()); }
TEST(MemberIncidents, WipedServersElectNobody) { EXPECT_THAT(DamageOf("amnesiac-voter"), IsEmpty()); }
TEST(MemberIncidents, ARemovedServerDeposesNobody) { EXPECT_THAT(DamageOf("removed-unaware"), IsEmpty()); }

TEST(MemberIncidents, ShrinkToWhatTheirDamageNeeds) {
  for (const char* name : {"single-server-change", "amnesiac-voter"}) {
    const Experiment experiment = Undefended(*FindIncident(name));
    const auto shrunk = Shrink(experiment, {.time = std::chrono::minutes(1)});
    ASSERT_TRUE(shrunk.ok()) << shrunk.status();
    EXPECT_EQ(shrunk->judge, "writes") << name;
    EXPECT_LT(shrunk->experiment.acts.size(), experiment.acts.size()) << name;
    EXPECT_TRUE(RunExperiment(shrunk->experiment).damage());
    EXPECT_FALSE(RunExperiment(FindIncident(name)->experiment).damage());
  }
}

TEST(MemberIncidents, ATerminalTellsWhoIsAMember) {
  const std::string change = Show(*FindIncident("single-server-change"));
  EXPECT_THAT(change, HasSubstr(": n5 to vote"));
  EXPECT_THAT(change, HasSubstr("goes by the members n1, n2, n3, n4, learning: n5 (entry 3)"));
  EXPECT_THAT(change, HasSubstr("in vain: failed (nothing of this leader's term is committed yet)"));
  EXPECT_THAT(change, HasSubstr("disjoint quorums"));
  const std::string wiped = Show(*FindIncident("amnesiac-voter"));
  EXPECT_THAT(wiped, HasSubstr("lost_directory"));
  EXPECT_THAT(wiped, HasSubstr(" together with n1, n2, n3, n4, n5"));
  EXPECT_THAT(wiped, Not(HasSubstr("does not show")));
}

}  // namespace
}  // namespace raftly
