// The catalogue: every incident shows its damage without its defence and none with it, from any of twenty seeds.
#include "lab/catalogue.h"

#include <gmock/gmock.h>

#include <set>

#include "chaos/sim/defence_names.h"

namespace raftly {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr uint64_t kSeeds = 20;

TEST(Catalogue, EveryFileIsAnIncidentUnderItsName) {
  ASSERT_FALSE(IncidentFiles().empty());
  for (const IncidentFile& file : IncidentFiles()) {
    const auto incident = ParseIncident(file.text);
    ASSERT_TRUE(incident.ok()) << file.name << ": " << incident.status();
    EXPECT_EQ(incident->name + ".json", file.name);
    EXPECT_FALSE(incident->title.empty() || incident->happened.empty() || incident->rule.empty());
    EXPECT_FALSE(incident->sources.empty());
    EXPECT_EQ(incident->in_short.size(), 3u) << file.name;
    EXPECT_FALSE(incident->paper.empty()) << file.name;
    if (!incident->runs()) continue;
    Defences defences;
    ASSERT_FALSE(incident->switches.empty()) << file.name;
    for (const std::string& name : incident->switches) EXPECT_TRUE(SwitchOff(name, defences)) << file.name << name;
  }
}

// The list that the laboratory follows has 21 rows. What has to wait says for what.
TEST(Catalogue, NoRowIsMissing) {
  std::set<int> told, shown;
  for (const Incident& incident : Incidents()) {
    told.insert(incident.row);
    if (incident.runs()) shown.insert(incident.row);
  }
  for (int row = 1; row <= 21; ++row) EXPECT_TRUE(told.contains(row)) << row;
  shown.erase(0);
  EXPECT_GE(shown.size(), 18u);
}

TEST(Catalogue, WithItsDefenceNoIncidentDoesDamage) {
  for (const Incident& incident : Incidents()) {
    if (!incident.runs()) continue;
    for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
      Experiment experiment = incident.experiment;
      experiment.seed = seed;
      EXPECT_THAT(Missing(incident, true, RunExperiment(experiment)), IsEmpty()) << incident.name << ", seed " << seed;
    }
  }
}

TEST(Catalogue, WithoutItsDefenceEveryIncidentDoesItsDamage) {
  for (const Incident& incident : Incidents()) {
    if (!incident.runs()) continue;
    for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
      Experiment experiment = Undefended(incident);
      experiment.seed = seed;
      EXPECT_THAT(Missing(incident, false, RunExperiment(experiment)), IsEmpty()) << incident.name << ", seed " << seed;
    }
  }
}

TEST(Catalogue, WhatIsMissingIsSaid) {
  const Incident& incident = *FindIncident("ack-before-quorum");
  const LabResult defended = RunExperiment(incident.experiment);
  const LabResult undefended = RunExperiment(Undefended(incident));
  EXPECT_THAT(Missing(incident, false, defended), HasSubstr("the judge of writes has found nothing"));
  EXPECT_THAT(Missing(incident, true, undefended), HasSubstr("writes: put k=lost was acknowledged by"));
  const Incident& measured = *FindIncident("deaf-leader");
  EXPECT_THAT(Missing(measured, false, RunExperiment(measured.experiment)), HasSubstr("acknowledged is "));
}

TEST(Catalogue, WhatIsWrongInAFileIsNamed) {
  const std::string whole(IncidentFiles().front().text);
  const auto error = [](const std::string& text) { return std::string(ParseIncident(text).status().message()); };
  EXPECT_THAT(error("{}"), HasSubstr("line 1: name: is missing"));
  std::string broken = whole;
  broken.replace(broken.find("\"format\": 1"), 11, "\"format\": 2");
  EXPECT_THAT(error(broken), HasSubstr("format: must be an integer from 1 to 1"));
}

TEST(Catalogue, AnUnknownNameIsNotFound) { EXPECT_EQ(FindIncident("stale"), nullptr); }

}  // namespace
}  // namespace raftly
