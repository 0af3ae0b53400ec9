// The export: what a reader of Chrome's trace format needs is there, and every arrow that ends has begun.
#include "lab/perfetto.h"

#include <gmock/gmock.h>

#include <set>

#include "lab/catalogue.h"
#include "nlohmann/json.hpp"

namespace raftly {
namespace {

using nlohmann::json;

TEST(Perfetto, EveryEventIsWhatTheFormatDemands) {
  for (const Incident& incident : Incidents()) {
    if (!incident.runs()) continue;
    const json document = json::parse(ToPerfetto(RunExperiment(Undefended(incident)).trace));
    std::set<uint64_t> begun;
    size_t slices = 0, tracks = 0;
    for (const json& event : document.at("traceEvents")) {
      const std::string phase = event.at("ph");
      EXPECT_TRUE(event.at("pid").is_number() && event.at("tid").is_number() && event.at("name").is_string());
      if (phase == "M") {
        ++tracks;
        continue;
      }
      EXPECT_GE(event.at("ts").get<double>(), 0);
      EXPECT_TRUE(phase != "X" || event.at("dur").get<double>() > 0);
      slices += phase == "X" ? 1 : 0;
      if (phase == "s") begun.insert(event.at("id").get<uint64_t>());
      EXPECT_TRUE(phase != "f" || begun.contains(event.at("id").get<uint64_t>())) << incident.name;
      EXPECT_TRUE(std::set<std::string>({"X", "i", "s", "f"}).contains(phase)) << phase;
    }
    EXPECT_EQ(tracks, static_cast<size_t>(incident.experiment.nodes + incident.experiment.outsiders +
                                          incident.experiment.spares) +
                          3);
    EXPECT_GT(slices, 10u);
  }
}

TEST(Perfetto, NodesHaveTheirRolesAndClientsTheirCalls) {
  const std::string text = ToPerfetto(RunExperiment(FindIncident("stale-read")->experiment).trace);
  EXPECT_THAT(text, ::testing::HasSubstr("\"name\":\"Leader, term 1\""));
  EXPECT_THAT(text, ::testing::HasSubstr("\"name\":\"put account\""));
}

}  // namespace
}  // namespace raftly
