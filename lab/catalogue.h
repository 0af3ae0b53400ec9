// The incidents, each a file in lab/incidents: what happened, the rule, and an experiment that shows what the rule is
// for; or why it has none yet. What a terminal, the API and the page say of an incident comes from here.
//
//   const Incident* incident = FindIncident("ack-before-quorum");
//   RunExperiment(incident->experiment);             // nothing is damaged
//   RunExperiment(Undefended(*incident));            // the damage
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lab/experiment.h"
#include "lab/laboratory.h"

namespace raftly {

// Where what goes wrong is that nothing goes on, a number of the trace's summary tells the two runs apart.
struct Measure {
  std::string number;  // "acknowledged", "gave_up", "leader_changes" or "undurable_most" of the summary
  uint64_t on_at_least = 0;
  uint64_t on_at_most = INT64_MAX;
  uint64_t off_at_least = 0;
  uint64_t off_at_most = INT64_MAX;
};

struct Incident {
  std::string name;  // "ack-before-quorum"
  int row = 0;       // of the list that the laboratory follows; 0: of none
  std::string title;
  std::string happened;
  std::vector<std::string> sources;
  std::vector<std::string> systems;  // where it happened: "etcd", "Consul"
  std::string rule;
  std::vector<std::string> paper;     // where that stands: "Raft 5.3", "thesis 6.4", or "beyond Raft"
  std::vector<std::string> in_short;  // three sentences for who hears of it for the first time
  std::vector<std::string> switches;  // off in the run that does damage
  std::string judge;                  // whose verdict shows it; empty: the measure does
  std::optional<Measure> measure;
  Experiment experiment;  // with all defences on but those that would hide it
  // What has to be there before it can be seen here; empty: it can. Otherwise the four above are empty.
  std::string waits_for;
  bool runs() const { return waits_for.empty(); }
};

// In the order of their rows.
const std::vector<Incident>& Incidents();
// Null where there is none of this name.
const Incident* FindIncident(std::string_view name);

// The incident's experiment without its switches. Requires that it runs, as Missing does.
Experiment Undefended(const Incident& incident);
// With both its experiments, where it runs.
nlohmann::ordered_json ToJson(const Incident& incident);
// Whether the run shows what the incident's run with or without its switches must show: empty, or what is missing.
std::string Missing(const Incident& incident, bool defended, const LabResult& result);

// Every defence that can be switched off: name, and in words.
nlohmann::ordered_json DefencesAsJson();

// A file of lab/incidents. InvalidArgument names line and field.
absl::StatusOr<Incident> ParseIncident(std::string_view text);

struct IncidentFile {
  std::string_view name;
  std::string_view text;
};
// Made by the build (cmake/embed.cmake).
const std::vector<IncidentFile>& IncidentFiles();

}  // namespace raftly
