// Runs of experiments: the same for the same document, with a past that no fork changes, and judged by what was seen.
#include "lab/laboratory.h"

#include <gmock/gmock.h>

#include "lab/catalogue.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::HasSubstr;

constexpr const char* kBusy = R"({"format": 1, "nodes": 5, "seed": 3, "duration_ms": 3000, "acts": [
  {"at_ms": 400, "do": "put", "node": "L", "key": "k", "value": "v1"},
  {"at_ms": 500, "do": "append", "node": "F1", "key": "list", "value": "a"},
  {"at_ms": 510, "do": "append", "node": "leader", "key": "list", "value": "b"},
  {"at_ms": 520, "do": "add", "node": "leader", "key": "n", "number": 4},
  {"at_ms": 600, "do": "delay", "from": "L", "to": "F1", "ms": 20},
  {"at_ms": 600, "do": "loss", "from": "L", "to": "F2", "percent": 50},
  {"at_ms": 600, "do": "duplicate", "from": "L", "to": "F3", "percent": 50},
  {"at_ms": 700, "do": "pause", "node": "F4"},
  {"at_ms": 800, "do": "power_loss", "node": "L"},
  {"at_ms": 900, "do": "slow_disk", "node": "F1", "ms": 30},
  {"at_ms": 1000, "do": "resume", "node": "F4"},
  {"at_ms": 1300, "do": "put", "node": "leader", "key": "k", "value": "v2"},
  {"at_ms": 1400, "do": "start"},
  {"at_ms": 1500, "do": "clock_skew", "node": "F1", "ppm": 100000},
  {"at_ms": 1600, "do": "fail_sync", "node": "F2"},
  {"at_ms": 1900, "do": "crash", "node": "F3"},
  {"at_ms": 2000, "do": "flip_bit", "node": "F3"},
  {"at_ms": 2100, "do": "start"},
  {"at_ms": 2200, "do": "full_disk", "node": "leader", "full": true},
  {"at_ms": 2250, "do": "put", "node": "leader", "key": "k", "value": "v3"},
  {"at_ms": 2300, "do": "heal"},
  {"at_ms": 2900, "do": "get", "node": "leader", "key": "k"}]})";

Experiment Parsed(std::string_view text) {
  auto experiment = ParseExperiment(text);
  EXPECT_TRUE(experiment.ok()) << experiment.status();
  return *std::move(experiment);
}
std::vector<std::string> EventsUpTo(const std::string& trace, double ms) {
  std::vector<std::string> events;
  const json document = json::parse(trace);
  for (const json& event : document.at("events")) {
    if (event.at("t").get<double>() <= ms && event.at("e") != "act") events.push_back(event.dump());
  }
  return events;
}

TEST(Laboratory, EveryFaultAtOnceDoesNoDamageWhereAllDefencesAreOn) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    Experiment experiment = Parsed(kBusy);
    experiment.seed = seed;
    const LabResult result = RunExperiment(experiment);
    for (const LabVerdict& verdict : result.verdicts) {
      EXPECT_TRUE(verdict.holds) << "seed " << seed << ": " << verdict.judge << ": " << verdict.finding;
    }
  }
}

TEST(Laboratory, TheSameDocumentGivesTheSameBytes) {
  const Experiment experiment = Parsed(kBusy);
  EXPECT_EQ(RunExperiment(experiment).trace, RunExperiment(experiment).trace);
  Experiment other = experiment;
  other.seed = 4;
  EXPECT_NE(RunExperiment(experiment).trace, RunExperiment(other).trace);
}

// Whatever is added, taken out or changed from some time on.
TEST(Laboratory, AForkKeepsItsPast) {
  const Experiment experiment = Parsed(kBusy);
  const std::string trace = RunExperiment(experiment).trace;
  for (size_t at = 0; at < experiment.acts.size(); ++at) {
    const double before = static_cast<double>(experiment.acts[at].at.count()) / 1e6 - 0.001;
    Experiment without = experiment;
    without.acts.erase(without.acts.begin() + static_cast<std::ptrdiff_t>(at));
    EXPECT_EQ(EventsUpTo(RunExperiment(without).trace, before), EventsUpTo(trace, before)) << "without act " << at;
    Experiment with = experiment;
    with.acts.insert(with.acts.begin() + static_cast<std::ptrdiff_t>(at),
                     {.at = experiment.acts[at].at, .what = Act::Do::kIsolate, .node = "n2"});
    EXPECT_EQ(EventsUpTo(RunExperiment(with).trace, before), EventsUpTo(trace, before)) << "another before act " << at;
  }
}

TEST(Laboratory, ALaterEndChangesNothingBefore) {
  Experiment experiment = Parsed(kBusy);
  const std::string trace = RunExperiment(experiment).trace;
  experiment.duration = 5s;
  EXPECT_EQ(EventsUpTo(RunExperiment(experiment).trace, 2999), EventsUpTo(trace, 2999));
}

TEST(Laboratory, ATraceHasEveryMessageWithItsFate) {
  const json document = json::parse(RunExperiment(Parsed(kBusy)).trace);
  std::map<uint64_t, int> fates;
  uint64_t last = 0;
  double t = 0;
  for (const json& event : document.at("events")) {
    EXPECT_GE(event.at("t").get<double>(), t);
    t = event.at("t").get<double>();
    if (event.at("e") == "sent") {
      EXPECT_EQ(event.at("n").get<uint64_t>(), ++last);
      fates[last] = 0;
      EXPECT_TRUE(!event.contains("answers") || fates.contains(event.at("answers").get<uint64_t>()));
    }
    if (event.at("e") == "arrived" || event.at("e") == "lost") ++fates[event.at("n").get<uint64_t>()];
  }
  size_t open = 0;
  for (const auto& [number, times] : fates) open += times == 0 ? 1 : 0;
  EXPECT_GT(fates.size(), 100u);
  EXPECT_LT(open, 20u) << "all but those under way at the end arrive or are lost";
  EXPECT_EQ(document.at("nodes").size(), 5u);
  EXPECT_EQ(document.at("summary").at("damage"), false);
}

TEST(Laboratory, AMessageAskedToBeLostIsLost) {
  Experiment experiment = Parsed(kBusy);
  const json document = json::parse(RunExperiment(experiment).trace);
  // The first that is sent after 450 ms.
  uint64_t number = 0;
  for (const json& event : document.at("events")) {
    if (number == 0 && event.at("e") == "sent" && event.at("t").get<double>() > 450) number = event.at("n");
  }
  ASSERT_GT(number, 0u);
  experiment.acts.insert(experiment.acts.begin() + 1,
                         {.at = 450ms, .what = Act::Do::kDropMessage, .number = static_cast<int64_t>(number)});
  bool lost = false;
  const json dropped = json::parse(RunExperiment(experiment).trace);
  for (const json& event : dropped.at("events")) {
    lost = lost || (event.at("e") == "lost" && event.at("n") == number && event.at("why") == "dropped");
  }
  EXPECT_TRUE(lost);
}

TEST(Laboratory, AnActThatNobodyIsThereForIsNotDone) {
  const LabResult result = RunExperiment(Parsed(
      R"({"format": 1, "nodes": 3, "seed": 1, "duration_ms": 50, "acts": [{"at_ms": 1, "do": "crash", "node": "L"}]})"));
  EXPECT_THAT(result.trace, HasSubstr("not done: nobody leads"));
  EXPECT_FALSE(result.damage());
}

TEST(Laboratory, AVerdictLeadsToItsEvidence) {
  const Incident& incident = *FindIncident("ack-before-quorum");
  const LabResult result = RunExperiment(Undefended(incident));
  const json document = json::parse(result.trace);
  bool seen = false;
  for (const json& verdict : document.at("verdicts")) {
    if (verdict.at("judge") != "writes") continue;
    seen = true;
    ASSERT_EQ(verdict.at("events").size(), 2u);
    EXPECT_EQ(document.at("events").at(verdict.at("events")[0].get<size_t>()).at("e"), "call");
    const json& answer = document.at("events").at(verdict.at("events")[1].get<size_t>());
    EXPECT_EQ(answer.at("e"), "answer");
    EXPECT_EQ(answer.at("outcome"), "ok");
  }
  EXPECT_TRUE(seen);
}

TEST(Laboratory, ANodeThatIsAskedTakesASnapshot) {
  const auto experiment = ParseExperiment(
      R"({"format": 1, "nodes": 3, "seed": 1, "duration_ms": 1500, "snapshot_bytes": 100000, "acts": [
        {"at_ms": 500, "do": "put", "node": "L", "key": "k", "value": "v"},
        {"at_ms": 600, "do": "snapshot", "node": "F1"},
        {"at_ms": 800, "do": "crash", "node": "F1"}, {"at_ms": 900, "do": "start", "node": "F1"}]})");
  ASSERT_TRUE(experiment.ok()) << experiment.status();
  const LabResult result = RunExperiment(*experiment);
  EXPECT_FALSE(result.damage());
  EXPECT_THAT(result.trace, HasSubstr("\"state\":{\"k\":\"v\"}")) << "it starts from it";
}

}  // namespace
}  // namespace raftly
