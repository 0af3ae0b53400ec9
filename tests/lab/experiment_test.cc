// Experiments as documents: what is read, what is written, and how what is wrong is named.
#include "lab/experiment.h"

#include <gmock/gmock.h>

#include "absl/strings/str_replace.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr const char* kWhole = R"({
  "format": 1,
  "nodes": 5,
  "seed": 12,
  "duration_ms": 4000,
  "timings": {"election_timeout_ms": 200, "heartbeat_ms": 40},
  "off": ["pre_vote"],
  "acts": [
    {"at_ms": 900, "do": "heal"},
    {"at_ms": 500.25, "do": "put", "node": "L", "key": "k", "value": "v1"},
    {"at_ms": 700, "do": "partition", "nodes": ["n1", "F2"]}
  ]
})";

std::string ErrorOf(const std::string& text) {
  const auto experiment = ParseExperiment(text);
  EXPECT_FALSE(experiment.ok()) << text;
  return std::string(experiment.status().message());
}
std::string With(const std::string& from, const std::string& to) {
  EXPECT_THAT(kWhole, HasSubstr(from));
  return absl::StrReplaceAll(kWhole, {{from, to}});
}

TEST(ExperimentDocument, IsReadInOrderOfTime) {
  const auto experiment = ParseExperiment(kWhole);
  ASSERT_TRUE(experiment.ok()) << experiment.status();
  EXPECT_EQ(experiment->nodes, 5);
  EXPECT_EQ(experiment->seed, 12u);
  EXPECT_EQ(experiment->duration, 4s);
  EXPECT_EQ(experiment->timings, (Timings{.election_timeout = 200ms, .heartbeat = 40ms}));
  EXPECT_FALSE(DefencesOf(*experiment).pre_vote);
  EXPECT_TRUE(DefencesOf(*experiment).check_quorum);
  ASSERT_EQ(experiment->acts.size(), 3u);
  EXPECT_EQ(experiment->acts[0].what, Act::Do::kPut);
  EXPECT_EQ(experiment->acts[0].at, 500'250us);
  EXPECT_EQ(experiment->acts[0].time, 1s) << "a client has some patience by itself";
  EXPECT_THAT(experiment->acts[1].nodes, ::testing::ElementsAre("n1", "F2"));
  EXPECT_EQ(experiment->acts[2].what, Act::Do::kHeal);
}

TEST(ExperimentDocument, IsWrittenAsItIsRead) {
  const auto experiment = ParseExperiment(kWhole);
  const auto again = ParseExperiment(ToJson(*experiment).dump());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*again, *experiment);
  EXPECT_EQ(ToJson(*again).dump(), ToJson(*experiment).dump());
}

TEST(ExperimentDocument, EveryActIsWrittenAsItIsRead) {
  constexpr const char* kActs[] = {R"("do": "crash", "node": "n1")",
                                   R"("do": "stop", "node": "F1")",
                                   R"("do": "start")",
                                   R"("do": "start", "node": "n2")",
                                   R"("do": "power_loss", "node": "leader")",
                                   R"("do": "isolate", "node": "L")",
                                   R"("do": "partition", "nodes": ["n1"])",
                                   R"("do": "cut", "from": "n1", "to": "n2")",
                                   R"("do": "delay", "from": "n1", "to": "n2", "ms": 12.5)",
                                   R"("do": "loss", "from": "n1", "to": "n2", "percent": 40)",
                                   R"("do": "duplicate", "from": "n1", "to": "n2", "percent": 40)",
                                   R"("do": "drop_message", "number": 17)",
                                   R"("do": "pause", "node": "n1")",
                                   R"("do": "resume", "node": "n1")",
                                   R"("do": "clock_skew", "node": "n1", "ppm": -20000)",
                                   R"("do": "slow_disk", "node": "n1", "ms": 300)",
                                   R"("do": "full_disk", "node": "n1", "full": false)",
                                   R"("do": "fail_sync", "node": "n1")",
                                   R"("do": "flip_bit", "node": "n1")",
                                   R"("do": "flip_bit", "node": "n1", "text": "k=v")",
                                   R"("do": "append", "node": "n1", "key": "k", "value": "w", "timeout_ms": 50)",
                                   R"("do": "add", "node": "n1", "key": "k", "number": -3)",
                                   R"("do": "delete", "node": "n1", "key": "k")",
                                   R"("do": "get", "node": "n1", "key": "k")",
                                   R"("do": "heal", "node": "n1")",
                                   R"("do": "snapshot", "node": "L")",
                                   R"("do": "set_election_timeout", "node": "n1", "ms": 400)",
                                   R"("do": "member", "node": "L", "learn": ["n6"], "promote": true)",
                                   R"("do": "member", "node": "L", "vote": ["n6", "n7"], "leave": ["L"])",
                                   R"("do": "member", "node": "n1", "replace": "F1", "timeout_ms": 50)",
                                   R"("do": "lose_directory", "node": "F1")"};
  for (const char* act : kActs) {
    std::string text = With(R"({"at_ms": 900, "do": "heal"})", std::string("{\"at_ms\": 900, ") + act + "}");
    text.replace(text.find("\"seed\""), 6, R"("spares": 2, "identities": true, "seed")");
    const auto experiment = ParseExperiment(text);
    ASSERT_TRUE(experiment.ok()) << act << ": " << experiment.status();
    const auto again = ParseExperiment(ToJson(*experiment).dump());
    ASSERT_TRUE(again.ok()) << act << ": " << again.status();
    EXPECT_EQ(*again, *experiment) << act;
  }
}

TEST(ExperimentDocument, WhatIsWrongIsNamedByLineAndField) {
  EXPECT_EQ(ErrorOf(With("\"nodes\": 5", "\"nodes\": 8")), "line 3: nodes: must be an integer from 1 to 7");
  EXPECT_EQ(ErrorOf(With("\"nodes\": 5", "\"nodes\": \"5\"")), "line 3: nodes: must be an integer from 1 to 7");
  EXPECT_EQ(ErrorOf(With("\"seed\": 12,", "")), "line 1: seed: is missing");
  EXPECT_EQ(ErrorOf(With("\"seed\": 12,", "\"seed\": 12, \"sed\": 1,")).substr(0, 33),
            "line 4: sed: is not known here; k");
  EXPECT_EQ(ErrorOf(With("4000", "60001")), "line 5: duration_ms: must be a number from 1 to 60000");
  EXPECT_EQ(ErrorOf(With("\"heartbeat_ms\": 40", "\"heartbeat_ms\": 200")),
            "line 6: timings.heartbeat_ms: must be shorter than the election timeout");
  EXPECT_EQ(ErrorOf(With("pre_vote", "prevote")), "line 7: off[0]: there is no defence \"prevote\"");
  EXPECT_THAT(ErrorOf(With("\"heal\"", "\"hael\"")),
              HasSubstr("line 9: acts[0].do: there is no act \"hael\": there are crash, "));
  EXPECT_EQ(ErrorOf(With("\"at_ms\": 900", "\"at_ms\": 4001")),
            "line 9: acts[0].at_ms: must be a number from 0 to 4000");
  EXPECT_EQ(ErrorOf(With("\"seed\": 12,", "\"seed\": 12, \"outsiders\": 3,")),
            "line 4: outsiders: must be an integer from 0 to 2");
  EXPECT_EQ(ErrorOf(With("\"seed\": 12,", "\"seed\": 12, \"outsiders\": 1, \"swarm\": 3,")),
            "line 4: outsiders: a swarm is of members only");
  EXPECT_EQ(ErrorOf(With("\"seed\": 12,", "\"seed\": 12, \"spared\": [1],")),
            "line 4: spared: faults are spared of a swarm, and there is none");
  EXPECT_EQ(ErrorOf(With("\"seed\": 12,", "\"seed\": 12, \"swarm\": 3, \"spared\": [-1],")),
            "line 4: spared: must be a list of numbers");
  EXPECT_EQ(ErrorOf(With("\"v1\"", "\"v=1\"")),
            "line 10: acts[1].value: must be 1 to 64 letters, digits, '-', '_' or '.'");
  EXPECT_THAT(ErrorOf(With("\"L\"", "\"n6\"")), HasSubstr("line 10: acts[1].node: there is no node \"n6\""));
  EXPECT_THAT(ErrorOf(With("\"F2\"", "\"F5\"")), HasSubstr("line 11: acts[2].nodes[1]: there is no node \"F5\""));
  EXPECT_EQ(ErrorOf(With("\"value\": \"v1\"", "\"value\": \"v1\", \"key\": \"j\"")),
            "line 10: acts[1].key: is there twice");
}

TEST(ExperimentDocument, WhatIsWrongWithAChangeOfTheMembersIsNamed) {
  const auto error = [](const std::string& act, const std::string& cluster = "\"spares\": 2") {
    std::string text =
        With(R"({"at_ms": 900, "do": "heal"})", R"({"at_ms": 900, "do": "member", "node": "L")" + act + "}");
    text.replace(text.find("\"seed\""), 6, cluster + ", \"seed\"");
    return ErrorOf(text);
  };
  EXPECT_EQ(error(R"(, "learn": ["n5"])", "\"spares\": 0"),
            "line 9: acts[0].do: members change only in an experiment with members_change or spares");
  EXPECT_EQ(error(""), "line 9: acts[0]: changes nothing: it needs learn, promote, vote, leave or replace");
  EXPECT_THAT(error(R"(, "learn": ["n8"])"),
              HasSubstr("line 9: acts[0].learn[0]: there is no node \"n8\": there are n1 to n7"));
  EXPECT_EQ(error(R"(, "learn": ["n6"], "leave": ["n1", "n6"])"),
            "line 9: acts[0].leave[1]: is named twice: a node is to be one thing");
  EXPECT_EQ(error(R"(, "leave": ["n1"], "replace": "n2")"),
            "line 9: acts[0].replace: stands alone: it is a change of two steps");
  EXPECT_EQ(error(R"(, "leave": "n1")").substr(0, 22), "line 9: acts[0].leave:");
  EXPECT_EQ(error(R"(, "leave": ["n1"])", "\"spares\": 3"), "line 4: spares: must be an integer from 0 to 2");
  EXPECT_EQ(error(R"(, "leave": ["n1"])", "\"members\": \"always\"").substr(0, 60),
            "line 4: members: is said of a swarm, and there is none; acts");
  EXPECT_EQ(error("", R"("swarm": 3, "members": "often")"), R"(line 4: members: must be "always" or "never")");
  EXPECT_EQ(error("", R"("swarm": 3, "spares": 1)"), "line 4: spares: is what a swarm's seed decides");
}

TEST(ExperimentDocument, WhatIsNoJsonIsNamedByItsLine) {
  EXPECT_THAT(ErrorOf(With("\"nodes\": 5,", "\"nodes\": 5")), HasSubstr("line 4: no JSON: "));
  EXPECT_THAT(ErrorOf(""), HasSubstr("line 1: no JSON: "));
  // The error goes into JSON itself, so it repeats no bytes that are no text (nlohmann's own words do).
  const std::string error = ErrorOf(With("\"k\"", "\"\xFF\""));
  EXPECT_THAT(error, HasSubstr("line 10: no JSON: "));
  EXPECT_NO_THROW(nlohmann::json(error).dump()) << error;
  EXPECT_THAT(ErrorOf("[]"), HasSubstr("line 1: must be an object"));
  EXPECT_THAT(ErrorOf("{\"format\": \"\xff\"}"), HasSubstr("line 1: "));
}

TEST(ExperimentDocument, WhatIsDeepOrHugeIsRefused) {
  const std::string deep(100'000, '[');
  EXPECT_THAT(ErrorOf(deep), HasSubstr("no JSON"));
  EXPECT_THAT(ErrorOf(With("\"seed\": 12,", "\"seed\": 12, \"x\": " + deep + std::string(deep.size(), ']') + ",")),
              HasSubstr("line 4: x: is not known here"));
  EXPECT_THAT(ErrorOf(std::string(kLongestExperimentText + 1, ' ')), HasSubstr("at most 4 MiB"));
  std::string acts = "{\"format\":1,\"nodes\":3,\"seed\":1,\"duration_ms\":100,\"acts\":[";
  for (size_t i = 0; i <= kMostActs; ++i) acts += (i == 0 ? "" : ",") + std::string("{\"at_ms\":1,\"do\":\"heal\"}");
  EXPECT_THAT(ErrorOf(acts + "]}"), HasSubstr("acts: must be at most 10000 acts"));
}

}  // namespace
}  // namespace raftly
