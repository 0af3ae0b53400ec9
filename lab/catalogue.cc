#include "lab/catalogue.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "lab/located_json.h"
#include "raft/core/check.h"

namespace raftly {
namespace {

using nlohmann::json;

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
      {"name", incident.name},         {"row", incident.row},           {"title", incident.title},
      {"happened", incident.happened}, {"sources", incident.sources},   {"rule", incident.rule},
      {"in_short", incident.in_short}, {"switches", incident.switches}, {"judge", incident.judge}};
  if (incident.measure) json["measure"] = incident.measure->number;
  json["on"] = ToJson(incident.experiment);
  json["off"] = ToJson(Undefended(incident));
  return json;
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
  const json& root = document->root();
  if (!root.is_object()) return document->Error("", "an incident must be an object");
  Incident incident;
  absl::Status status;
  const auto fail = [&](const std::string& field, std::string_view what) {
    if (status.ok()) status = document->Error("/" + field, what);
  };
  const auto text_of = [&](const std::string& field) -> std::string {
    const auto found = root.find(field);
    if (found != root.end() && found->is_string()) return found->get<std::string>();
    fail(field, "must be a text");
    return {};
  };
  const auto texts_of = [&](const std::string& field) {
    std::vector<std::string> texts;
    const auto found = root.find(field);
    if (found == root.end() || !found->is_array()) fail(field, "must be a list of texts");
    for (const json& one : found != root.end() && found->is_array() ? *found : json::array()) {
      if (one.is_string()) texts.push_back(one.get<std::string>());
      if (!one.is_string()) fail(field, "must be a list of texts");
    }
    return texts;
  };
  const auto number_of = [&](const json& object, const std::string& field, uint64_t otherwise) {
    const auto found = object.find(field);
    if (found == object.end()) return otherwise;
    if (!found->is_number_unsigned()) fail(field, "must be a number");
    return found->is_number_unsigned() ? found->get<uint64_t>() : otherwise;
  };
  incident.name = text_of("name");
  incident.row = static_cast<int>(number_of(root, "row", 0));
  incident.title = text_of("title");
  incident.happened = text_of("happened");
  incident.sources = texts_of("sources");
  incident.rule = text_of("rule");
  incident.switches = texts_of("switches");
  incident.in_short = texts_of("in_short");
  if (root.contains("judge")) incident.judge = text_of("judge");
  if (const auto measure = root.find("measure"); measure != root.end() && measure->is_object()) {
    incident.measure = Measure{.number = measure->value("number", "")};
    if (NumberNamed(incident.measure->number) == nullptr) {
      fail("measure/number", "must be acknowledged, gave_up, leader_changes or undurable_most");
    }
    incident.measure->on_at_least = number_of(*measure, "on_at_least", 0);
    incident.measure->on_at_most = number_of(*measure, "on_at_most", UINT64_MAX);
    incident.measure->off_at_least = number_of(*measure, "off_at_least", 0);
    incident.measure->off_at_most = number_of(*measure, "off_at_most", UINT64_MAX);
  }
  if (incident.judge.empty() == !incident.measure.has_value()) fail("judge", "either a judge or a measure shows it");
  if (!root.contains("experiment")) fail("experiment", "is missing");
  if (!status.ok()) return status;
  absl::StatusOr<Experiment> experiment = ParseExperiment(root["experiment"].dump());
  if (!experiment.ok()) return document->Error("/experiment", std::string(experiment.status().message()));
  incident.experiment = *std::move(experiment);
  incident.experiment.incident = incident.name;
  return incident;
}

}  // namespace raftly
