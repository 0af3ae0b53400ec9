#include "lab/catalogue.h"

#include <algorithm>
#include <array>
#include <climits>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "chaos/sim/defence_names.h"
#include "lab/field_reader.h"
#include "raft/core/check.h"

namespace raftly {
namespace {

// Of a trace's summary: what a measure may count.
constexpr std::array<std::pair<std::string_view, uint64_t TraceSummary::*>, 4> kNumbers = {{
    {"acknowledged", &TraceSummary::acknowledged},
    {"gave_up", &TraceSummary::gave_up},
    {"leader_changes", &TraceSummary::leader_changes},
    {"undurable_most", &TraceSummary::undurable_most},
}};

uint64_t TraceSummary::*NumberNamed(std::string_view name) {
  for (const auto& [known, number] : kNumbers) {
    if (known == name) return number;
  }
  return nullptr;
}

Measure ReadMeasure(FieldReader& reader, const std::string& pointer) {
  FieldReader::Object object = reader.ObjectAt(pointer);
  const auto bound = [&](const char* field, uint64_t otherwise) {
    return static_cast<uint64_t>(reader.Integer(object, field, 0, INT64_MAX, static_cast<int64_t>(otherwise)));
  };
  Measure measure{.number = reader.Text(object, "number", true)};
  if (NumberNamed(measure.number) == nullptr) {
    reader.Fail(absl::StrCat(pointer, "/number"), "must be acknowledged, gave_up, leader_changes or undurable_most");
  }
  measure.on_at_least = bound("on_at_least", 0);
  measure.on_at_most = bound("on_at_most", INT64_MAX);
  measure.off_at_least = bound("off_at_least", 0);
  measure.off_at_most = bound("off_at_most", INT64_MAX);
  reader.RefuseUnknown(object);
  return measure;
}

std::vector<Incident> ReadAll() {
  std::vector<Incident> incidents;
  for (const IncidentFile& file : IncidentFiles()) {
    absl::StatusOr<Incident> incident = ParseIncident(file.text);
    RAFTLY_CHECK(incident.ok(), "a file of lab/incidents could not be read, which a test would have found");
    incidents.push_back(*std::move(incident));
  }
  std::sort(incidents.begin(), incidents.end(), [](const Incident& a, const Incident& b) {
    // Those of no row come last.
    return std::tuple(a.row == 0, a.row, a.name) < std::tuple(b.row == 0, b.row, b.name);
  });
  return incidents;
}

}  // namespace

const std::vector<Incident>& Incidents() {
  static const std::vector<Incident> kIncidents = ReadAll();
  return kIncidents;
}

const Incident* FindIncident(std::string_view name) {
  const std::vector<Incident>& all = Incidents();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Incident& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

Experiment Undefended(const Incident& incident) {
  Experiment experiment = incident.experiment;
  experiment.off.insert(experiment.off.end(), incident.switches.begin(), incident.switches.end());
  return experiment;
}

nlohmann::ordered_json ToJson(const Incident& incident) {
  nlohmann::ordered_json json = {
      {"name", incident.name},         {"row", incident.row},         {"title", incident.title},
      {"happened", incident.happened}, {"sources", incident.sources}, {"systems", incident.systems},
      {"rule", incident.rule},         {"paper", incident.paper},     {"in_short", incident.in_short},
      {"switches", incident.switches}, {"judge", incident.judge}};
  if (!incident.runs()) {
    json["waits_for"] = incident.waits_for;
    return json;
  }
  if (incident.measure) json["measure"] = incident.measure->number;
  json["on"] = ToJson(incident.experiment);
  json["off"] = ToJson(Undefended(incident));
  return json;
}

nlohmann::ordered_json DefencesAsJson() {
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const NamedDefence& defence : AllDefences()) all.push_back({{"name", defence.name}, {"words", defence.words}});
  return all;
}

std::string Missing(const Incident& incident, bool defended, const LabResult& result) {
  if (incident.measure) {
    const Measure& measure = *incident.measure;
    const uint64_t seen = result.summary.*NumberNamed(measure.number);
    const uint64_t low = defended ? measure.on_at_least : measure.off_at_least;
    const uint64_t high = defended ? measure.on_at_most : measure.off_at_most;
    if (seen < low || seen > high) {
      return absl::StrCat(measure.number, " is ", seen, ", not from ", low, " to ", high);
    }
    if (!defended) return {};
  }
  std::vector<std::string> broken;
  for (const LabVerdict& verdict : result.verdicts) {
    if (!verdict.holds) broken.push_back(absl::StrCat(verdict.judge, ": ", verdict.finding));
  }
  if (defended) return absl::StrJoin(broken, "; ");
  const bool shown = std::any_of(result.verdicts.begin(), result.verdicts.end(), [&](const LabVerdict& verdict) {
    return verdict.judge == incident.judge && !verdict.holds;
  });
  return shown ? std::string() : absl::StrCat("the judge of ", incident.judge, " has found nothing");
}

absl::StatusOr<Incident> ParseIncident(std::string_view text) {
  const absl::StatusOr<LocatedJson> document = LocatedJson::Parse(text);
  if (!document.ok()) return document.status();
  FieldReader reader(*document);
  FieldReader::Object object = reader.ObjectAt("");
  Incident incident;
  incident.name = reader.Text(object, "name", true);
  incident.row = static_cast<int>(reader.Integer(object, "row", 0, INT_MAX, 0));
  incident.title = reader.Text(object, "title", true);
  incident.happened = reader.Text(object, "happened", true);
  incident.sources = reader.Texts(object, "sources", true);
  incident.systems = reader.Texts(object, "systems", true);
  incident.rule = reader.Text(object, "rule", true);
  incident.paper = reader.Texts(object, "paper", true);
  incident.in_short = reader.Texts(object, "in_short", true);
  incident.waits_for = reader.Text(object, "waits_for", false);
  if (incident.runs()) {
    incident.switches = reader.Texts(object, "switches", true);
    incident.judge = reader.Text(object, "judge", false);
    if (reader.Find(object, "measure", false) != nullptr) incident.measure = ReadMeasure(reader, "/measure");
    if (incident.judge.empty() == !incident.measure) reader.Fail("/judge", "either a judge or a measure shows it");
    reader.Find(object, "experiment", true);
  }
  reader.RefuseUnknown(object);
  if (!reader.status().ok()) return reader.status();
  if (!incident.runs()) return incident;
  absl::StatusOr<Experiment> experiment = ReadExperiment(*document, "/experiment");
  if (!experiment.ok()) return experiment.status();
  incident.experiment = *std::move(experiment);
  incident.experiment.incident = incident.name;
  return incident;
}

}  // namespace raftly
