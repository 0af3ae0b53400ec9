// Documents of experiments: what is read is written so that it is read again, what is wrong is named, and of the short
// ones some are run.
#include <chrono>
#include <string>
#include <vector>

#include "lab/catalogue.h"
#include "lab/experiment.h"
#include "lab/laboratory.h"
#include "raft/core/check.h"
#include "raft/storage/checksum.h"
#include "server/kv/utf8.h"
#include "tests/fuzz/targets.h"

namespace raftly::fuzz {
namespace {

// A run costs as much as some hundred documents.
constexpr size_t kRunOneOf = 256;
constexpr int kFewNodes = 3;
constexpr size_t kFewActs = 8;
constexpr Duration kShort = std::chrono::milliseconds(50);

bool WorthARun(const Experiment& experiment, const std::string& written) {
  return experiment.nodes + experiment.outsiders + experiment.spares <= kFewNodes &&
         experiment.acts.size() <= kFewActs && experiment.duration <= kShort && Checksum(written) % kRunOneOf == 0;
}

void CheckRun(const Experiment& experiment) {
  const LabResult once = RunExperiment(experiment);
  RAFTLY_CHECK(nlohmann::json::accept(once.trace), "a trace is no JSON");
  RAFTLY_CHECK(RunExperiment(experiment).trace == once.trace, "an experiment goes differently the second time");
}

}  // namespace

void FuzzExperiment(std::string_view input) {
  const auto experiment = ParseExperiment(input);
  if (!experiment.ok()) {
    const std::string error(experiment.status().message());
    RAFTLY_CHECK(absl::IsInvalidArgument(experiment.status()), "a wrong document is called something else");
    RAFTLY_CHECK(error.starts_with("line "), "an error without a line");
    RAFTLY_CHECK(IsUtf8(error), "an error is no text");
    return;
  }
  const std::string written = ToJson(*experiment).dump();
  const auto again = ParseExperiment(written);
  RAFTLY_CHECK(again.ok(), "what was written is refused");
  RAFTLY_CHECK(*again == *experiment, "an experiment changes when it is written");
  RAFTLY_CHECK(ToJson(*again).dump() == written, "equal experiments are written in two ways");
  for (size_t i = 1; i < experiment->acts.size(); ++i) {
    RAFTLY_CHECK(experiment->acts[i - 1].at <= experiment->acts[i].at, "acts are out of order");
  }
  if (WorthARun(*experiment, written)) CheckRun(*experiment);
}

std::vector<std::string> ExperimentSeeds() {
  constexpr size_t kSmall = 1000;
  std::vector<std::string> seeds = {
      R"({"format": 1, "nodes": 3, "seed": 7, "duration_ms": 3000, "off": ["quorum_commit"],)"
      "\n"
      R"("timings": {"election_timeout_ms": 200, "heartbeat_ms": 40.5}, "swarm": 9, "spared": [1, 4],)"
      R"("snapshot_bytes": 100, "keep_bytes": 10, "entries_per_append": 4, "appends_in_flight": 2,)"
      R"("acts": [{"at_ms": 500, "do": "isolate", "node": "L"}, {"at_ms": 2.5, "do": "put", "node": "L", "key": "k",)"
      R"("value": "v", "retries": 3, "timeout_ms": 10}]})"};
  const std::string begin = R"({"format":1,"nodes":3,"outsiders":1,"seed":1,"duration_ms":9,"acts":[)";
  for (const char* act :
       {R"("partition","nodes":["n1","F2"])", R"("delay","from":"n1","to":"n2","ms":12.5)",
        R"("loss","from":"n1","to":"leader","percent":40)", R"("drop_message","number":17)",
        R"("clock_skew","node":"n1","ppm":-20000)", R"("full_disk","node":"n1","full":false)",
        R"("flip_bit","node":"n1","text":"x")", R"("power_loss","node":"n1","torn":true)",
        R"("add","node":"n1","key":"k","number":-5)", R"("start")", R"("set_election_timeout","node":"n4","ms":50)"}) {
    seeds.push_back(begin + R"({"at_ms":1,"do":)" + act + "}]}");
  }
  for (const Incident& incident : Incidents()) {
    std::string text = ToJson(incident.experiment).dump();
    if (incident.runs() && text.size() < kSmall) seeds.push_back(std::move(text));
  }
  return seeds;
}

}  // namespace raftly::fuzz
