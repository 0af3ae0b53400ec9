#include "lab/experiment.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "chaos/sim/defence_names.h"
#include "lab/located_json.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using nlohmann::ordered_json;
using Do = Act::Do;

constexpr Duration kDefaultTimeout = 1s;
constexpr size_t kLongestWord = 64;
constexpr int64_t kMostRetries = 100;
constexpr int64_t kMostInFlight = 1024;
constexpr uint64_t kMostBytes = uint64_t{1} << 30;

// What an act says besides when and what.
enum Field : unsigned {
  kNode = 1,
  kFromTo = 2,
  kNodes = 4,
  kKey = 8,
  kValue = 16,
  kNumber = 32,
  kMs = 64,
  kTimeout = 128,
  kOn = 256,
  kPercent = 512,
  kPpm = 1024,
  kNodeOrNone = 2048,
  kText = 4096,
  kTorn = 8192,
  kRetries = 16384,
};

struct Kind {
  Do what;
  std::string_view name;
  unsigned fields;
};

constexpr std::array<Kind, 25> kKinds = {{
    {Do::kCrash, "crash", kNode},
    {Do::kStop, "stop", kNode},
    {Do::kStart, "start", kNodeOrNone},
    {Do::kPowerLoss, "power_loss", kNode | kTorn},
    {Do::kIsolate, "isolate", kNode},
    {Do::kPartition, "partition", kNodes},
    {Do::kCut, "cut", kFromTo},
    {Do::kDelay, "delay", kFromTo | kMs},
    {Do::kLoss, "loss", kFromTo | kPercent},
    {Do::kDuplicate, "duplicate", kFromTo | kPercent},
    {Do::kDropMessage, "drop_message", kNumber},
    {Do::kPause, "pause", kNode},
    {Do::kResume, "resume", kNode},
    {Do::kClockSkew, "clock_skew", kNode | kPpm},
    {Do::kSlowDisk, "slow_disk", kNode | kMs},
    {Do::kFullDisk, "full_disk", kNode | kOn},
    {Do::kFailSync, "fail_sync", kNode},
    {Do::kFlipBit, "flip_bit", kNode | kText},
    {Do::kPut, "put", kNode | kKey | kValue | kTimeout | kRetries},
    {Do::kAppend, "append", kNode | kKey | kValue | kTimeout | kRetries},
    {Do::kAdd, "add", kNode | kKey | kNumber | kTimeout | kRetries},
    {Do::kDelete, "delete", kNode | kKey | kTimeout | kRetries},
    {Do::kGet, "get", kNode | kKey | kTimeout},
    {Do::kHeal, "heal", kNodeOrNone},
    {Do::kSetTimeout, "set_election_timeout", kNode | kMs},
}};

const Kind& KindOf(Do what) {
  return *std::find_if(kKinds.begin(), kKinds.end(), [&](const Kind& kind) { return kind.what == what; });
}

ordered_json Milliseconds(Duration duration) {
  if (duration % 1ms == Duration(0)) return duration / 1ms;
  return static_cast<double>(duration.count()) / 1e6;
}

// Words of keys and values become a part of commands and states.
bool IsWord(std::string_view text) {
  return !text.empty() && text.size() <= kLongestWord && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  });
}

class Reader {
 public:
  explicit Reader(const LocatedJson& document) : document_(document) {}

  absl::StatusOr<Experiment> Read();

 private:
  // The object under way, and which of its fields have been asked for.
  struct Object {
    const json& value;
    std::string pointer;
    std::vector<std::string> known = {};
  };

  void Fail(const std::string& pointer, std::string_view what) {
    if (status_.ok()) status_ = document_.Error(pointer, what);
  }
  const json* Find(Object& object, const std::string& field, bool required);
  void RefuseUnknown(const Object& object);
  int64_t Integer(Object& object, const std::string& field, int64_t low, int64_t high,
                  std::optional<int64_t> otherwise);
  Duration Time(Object& object, const std::string& field, Duration low, Duration high,
                std::optional<Duration> otherwise);
  bool Bool(Object& object, const std::string& field, std::optional<bool> otherwise);
  std::string Text(Object& object, const std::string& field, bool required);
  std::string Word(Object& object, const std::string& field);
  std::string Node(Object& object, const std::string& field, bool required);
  void CheckNode(const std::string& name, const std::string& pointer);
  std::vector<std::string> Texts(Object& object, const std::string& field, bool required);
  Act ReadAct(const json& value, const std::string& pointer);

  const LocatedJson& document_;
  absl::Status status_;
  Experiment experiment_;
};

const json* Reader::Find(Object& object, const std::string& field, bool required) {
  object.known.push_back(field);
  const auto found = object.value.find(field);
  if (found != object.value.end()) return &*found;
  if (required) Fail(absl::StrCat(object.pointer, "/", field), "is missing");
  return nullptr;
}

void Reader::RefuseUnknown(const Object& object) {
  for (const auto& [field, value] : object.value.items()) {
    if (std::find(object.known.begin(), object.known.end(), field) != object.known.end()) continue;
    Fail(absl::StrCat(object.pointer, "/", field), absl::StrCat("is not known here; known are ", [&] {
           std::string names;
           for (const std::string& name : object.known) absl::StrAppend(&names, names.empty() ? "" : ", ", name);
           return names;
         }()));
  }
}

int64_t Reader::Integer(Object& object, const std::string& field, int64_t low, int64_t high,
                        std::optional<int64_t> otherwise) {
  const json* value = Find(object, field, !otherwise.has_value());
  if (value == nullptr) return otherwise.value_or(low);
  const bool fits = value->is_number_unsigned()
                        ? value->get<uint64_t>() <= static_cast<uint64_t>(high) &&
                              (low < 0 || value->get<uint64_t>() >= static_cast<uint64_t>(low))
                        : value->is_number_integer() && value->get<int64_t>() >= low && value->get<int64_t>() <= high;
  if (!fits) {
    Fail(absl::StrCat(object.pointer, "/", field), absl::StrCat("must be an integer from ", low, " to ", high));
    return low;
  }
  return value->get<int64_t>();
}

Duration Reader::Time(Object& object, const std::string& field, Duration low, Duration high,
                      std::optional<Duration> otherwise) {
  const json* value = Find(object, field, !otherwise.has_value());
  if (value == nullptr) return otherwise.value_or(low);
  const double ms = value->is_number() ? value->get<double>() : -1;
  const double low_ms = static_cast<double>(low.count()) / 1e6, high_ms = static_cast<double>(high.count()) / 1e6;
  if (!(ms >= low_ms && ms <= high_ms)) {
    Fail(absl::StrCat(object.pointer, "/", field), absl::StrCat("must be a number from ", low_ms, " to ", high_ms));
    return low;
  }
  return Duration(std::llround(ms * 1e6));
}

bool Reader::Bool(Object& object, const std::string& field, std::optional<bool> otherwise) {
  const json* value = Find(object, field, !otherwise.has_value());
  if (value == nullptr) return otherwise.value_or(false);
  if (!value->is_boolean()) Fail(absl::StrCat(object.pointer, "/", field), "must be true or false");
  return value->is_boolean() && value->get<bool>();
}

std::string Reader::Text(Object& object, const std::string& field, bool required) {
  const json* value = Find(object, field, required);
  if (value == nullptr) return {};
  if (value->is_string()) return value->get<std::string>();
  Fail(absl::StrCat(object.pointer, "/", field), "must be a text");
  return {};
}

std::string Reader::Word(Object& object, const std::string& field) {
  std::string text = Text(object, field, true);
  if (!IsWord(text)) {
    Fail(absl::StrCat(object.pointer, "/", field),
         absl::StrCat("must be 1 to ", kLongestWord, " letters, digits, '-', '_' or '.'"));
  }
  return text;
}

void Reader::CheckNode(const std::string& name, const std::string& pointer) {
  if (name == "leader" || name == "L") return;
  const int all = experiment_.nodes + experiment_.outsiders;
  for (int i = 1; i <= all; ++i) {
    if (name == absl::StrCat("n", i) || (i < experiment_.nodes && name == absl::StrCat("F", i))) return;
  }
  Fail(pointer, absl::StrCat("there is no node \"", name, "\": there are n1 to n", all,
                             ", \"leader\", \"L\", and F1 to F", experiment_.nodes - 1));
}

std::string Reader::Node(Object& object, const std::string& field, bool required) {
  std::string name = Text(object, field, required);
  if (required || !name.empty()) CheckNode(name, absl::StrCat(object.pointer, "/", field));
  return name;
}

std::vector<std::string> Reader::Texts(Object& object, const std::string& field, bool required) {
  std::vector<std::string> texts;
  const json* value = Find(object, field, required);
  if (value == nullptr) return texts;
  const std::string pointer = absl::StrCat(object.pointer, "/", field);
  if (!value->is_array()) Fail(pointer, "must be a list of texts");
  for (size_t i = 0; value->is_array() && i < value->size(); ++i) {
    if (!(*value)[i].is_string()) {
      Fail(absl::StrCat(pointer, "/", i), "must be a text");
    } else {
      texts.push_back((*value)[i].get<std::string>());
    }
  }
  return texts;
}

Act Reader::ReadAct(const json& value, const std::string& pointer) {
  Act act;
  if (!value.is_object()) {
    Fail(pointer, "must be an object");
    return act;
  }
  Object object{value, pointer};
  act.at = Time(object, "at_ms", 0ms, experiment_.duration, std::nullopt);
  const std::string name = Text(object, "do", true);
  const auto kind = std::find_if(kKinds.begin(), kKinds.end(), [&](const Kind& known) { return known.name == name; });
  if (kind == kKinds.end()) {
    std::string names;
    for (const Kind& known : kKinds) absl::StrAppend(&names, names.empty() ? "" : ", ", std::string(known.name));
    Fail(absl::StrCat(pointer, "/do"), absl::StrCat("there is no act \"", name, "\": there are ", names));
    return act;
  }
  act.what = kind->what;
  if ((kind->fields & (kNode | kNodeOrNone)) != 0) act.node = Node(object, "node", (kind->fields & kNode) != 0);
  if ((kind->fields & kFromTo) != 0) {
    act.from = Node(object, "from", true);
    act.to = Node(object, "to", true);
  }
  if ((kind->fields & kNodes) != 0) {
    act.nodes = Texts(object, "nodes", true);
    for (size_t i = 0; i < act.nodes.size(); ++i) CheckNode(act.nodes[i], absl::StrCat(pointer, "/nodes/", i));
  }
  if ((kind->fields & kKey) != 0) act.key = Word(object, "key");
  if ((kind->fields & kValue) != 0) act.value = Word(object, "value");
  if ((kind->fields & kText) != 0) {
    act.text = Text(object, "text", false);
    if (act.text.size() > kLongestWord)
      Fail(absl::StrCat(pointer, "/text"), absl::StrCat("must be at most ", kLongestWord, " bytes"));
  }
  constexpr int64_t kMost = int64_t{1} << 53;  // what every reader of JSON keeps exact
  if ((kind->fields & kNumber) != 0)
    act.number = Integer(object, "number", act.what == Do::kAdd ? -kMost : 1, kMost, {});
  if ((kind->fields & kPercent) != 0) act.number = Integer(object, "percent", 0, 100, {});
  if ((kind->fields & kPpm) != 0) act.number = Integer(object, "ppm", -500'000, 500'000, {});
  const Duration shortest = act.what == Do::kSetTimeout ? 10ms : 0ms;
  if ((kind->fields & kMs) != 0) act.time = Time(object, "ms", shortest, kLongestExperiment, std::nullopt);
  if ((kind->fields & kTimeout) != 0) {
    act.time = Time(object, "timeout_ms", 1ms, 2 * kLongestExperiment, kDefaultTimeout);
  }
  if ((kind->fields & kRetries) != 0) act.retries = static_cast<int>(Integer(object, "retries", 0, kMostRetries, 0));
  if ((kind->fields & kOn) != 0) act.on = Bool(object, "full", std::nullopt);
  if ((kind->fields & kTorn) != 0) act.on = Bool(object, "torn", false);
  RefuseUnknown(object);
  return act;
}

absl::StatusOr<Experiment> Reader::Read() {
  if (!document_.root().is_object()) return document_.Error("", "an experiment must be an object");
  Object object{document_.root(), ""};
  Integer(object, "format", kExperimentFormat, kExperimentFormat, std::nullopt);
  experiment_.incident = Text(object, "incident", false);
  experiment_.nodes = static_cast<int>(Integer(object, "nodes", 1, kMostNodes, std::nullopt));
  experiment_.outsiders = static_cast<int>(Integer(object, "outsiders", 0, kMostNodes - experiment_.nodes, 0));
  experiment_.seed = static_cast<uint64_t>(Integer(object, "seed", 0, int64_t{1} << 53, std::nullopt));
  experiment_.duration = Time(object, "duration_ms", 1ms, kLongestExperiment, std::nullopt);
  if (const json* timings = Find(object, "timings", false)) {
    Object times{*timings, "/timings"};
    if (!timings->is_object()) Fail("/timings", "must be an object");
    if (timings->is_object()) {
      experiment_.timings.election_timeout =
          Time(times, "election_timeout_ms", 10ms, 10s, experiment_.timings.election_timeout);
      experiment_.timings.heartbeat = Time(times, "heartbeat_ms", 1ms, 10s, experiment_.timings.heartbeat);
      RefuseUnknown(times);
      if (experiment_.timings.heartbeat >= experiment_.timings.election_timeout) {
        Fail("/timings/heartbeat_ms", "must be shorter than the election timeout");
      }
    }
  }
  constexpr auto kMost = static_cast<int64_t>(kMostBytes);
  experiment_.snapshot_bytes = static_cast<uint64_t>(Integer(object, "snapshot_bytes", 0, kMost, 0));
  experiment_.keep_bytes = static_cast<uint64_t>(Integer(object, "keep_bytes", 0, kMost, 0));
  experiment_.entries_per_append = static_cast<size_t>(
      Integer(object, "entries_per_append", 1, kMostInFlight, static_cast<int64_t>(Limits().entries_per_append)));
  experiment_.appends_in_flight = static_cast<size_t>(
      Integer(object, "appends_in_flight", 1, kMostInFlight, static_cast<int64_t>(Limits().appends_in_flight)));
  experiment_.off = Texts(object, "off", false);
  Defences defences;
  for (size_t i = 0; i < experiment_.off.size(); ++i) {
    if (!SwitchOff(experiment_.off[i], defences)) {
      Fail(absl::StrCat("/off/", i), absl::StrCat("there is no defence \"", experiment_.off[i], "\""));
    }
  }
  if (const json* acts = Find(object, "acts", true)) {
    if (!acts->is_array()) Fail("/acts", "must be a list of acts");
    if (acts->size() > kMostActs) Fail("/acts", absl::StrCat("must be at most ", kMostActs, " acts"));
    for (size_t i = 0; acts->is_array() && status_.ok() && i < acts->size(); ++i) {
      experiment_.acts.push_back(ReadAct((*acts)[i], absl::StrCat("/acts/", i)));
    }
  }
  RefuseUnknown(object);
  if (!status_.ok()) return status_;
  std::stable_sort(experiment_.acts.begin(), experiment_.acts.end(),
                   [](const Act& a, const Act& b) { return a.at < b.at; });
  return std::move(experiment_);
}

}  // namespace

std::string_view NameOf(Do what) { return KindOf(what).name; }

absl::StatusOr<Experiment> ParseExperiment(std::string_view text) {
  if (text.size() > kLongestExperimentText) {
    return absl::InvalidArgumentError(absl::StrCat("an experiment has at most ", kLongestExperimentText >> 20, " MiB"));
  }
  const absl::StatusOr<LocatedJson> document = LocatedJson::Parse(text);
  if (!document.ok()) return document.status();
  return Reader(*document).Read();
}

ordered_json ToJson(const Act& act) {
  const unsigned fields = KindOf(act.what).fields;
  ordered_json json = {{"at_ms", Milliseconds(act.at)}, {"do", std::string(NameOf(act.what))}};
  if ((fields & (kNode | kNodeOrNone)) != 0 && !act.node.empty()) json["node"] = act.node;
  if ((fields & kFromTo) != 0) {
    json["from"] = act.from;
    json["to"] = act.to;
  }
  if ((fields & kNodes) != 0) json["nodes"] = act.nodes;
  if ((fields & kKey) != 0) json["key"] = act.key;
  if ((fields & kValue) != 0) json["value"] = act.value;
  if ((fields & kText) != 0 && !act.text.empty()) json["text"] = act.text;
  if ((fields & kNumber) != 0) json["number"] = act.number;
  if ((fields & kPercent) != 0) json["percent"] = act.number;
  if ((fields & kPpm) != 0) json["ppm"] = act.number;
  if ((fields & kMs) != 0) json["ms"] = Milliseconds(act.time);
  if ((fields & kTimeout) != 0) json["timeout_ms"] = Milliseconds(act.time);
  if (act.retries > 0) json["retries"] = act.retries;
  if ((fields & kOn) != 0) json["full"] = act.on;
  if ((fields & kTorn) != 0 && act.on) json["torn"] = true;
  return json;
}

ordered_json ToJson(const Experiment& experiment) {
  ordered_json json = {{"format", kExperimentFormat}};
  if (!experiment.incident.empty()) json["incident"] = experiment.incident;
  json["nodes"] = experiment.nodes;
  if (experiment.outsiders > 0) json["outsiders"] = experiment.outsiders;
  json["seed"] = experiment.seed;
  json["duration_ms"] = Milliseconds(experiment.duration);
  json["timings"] = {{"election_timeout_ms", Milliseconds(experiment.timings.election_timeout)},
                     {"heartbeat_ms", Milliseconds(experiment.timings.heartbeat)}};
  if (experiment.snapshot_bytes > 0) json["snapshot_bytes"] = experiment.snapshot_bytes;
  if (experiment.keep_bytes > 0) json["keep_bytes"] = experiment.keep_bytes;
  const Experiment usual;
  if (experiment.entries_per_append != usual.entries_per_append)
    json["entries_per_append"] = experiment.entries_per_append;
  if (experiment.appends_in_flight != usual.appends_in_flight) json["appends_in_flight"] = experiment.appends_in_flight;
  json["off"] = experiment.off;
  json["acts"] = ordered_json::array();
  for (const Act& act : experiment.acts) json["acts"].push_back(ToJson(act));
  return json;
}

Defences DefencesOf(const Experiment& experiment) {
  Defences defences;
  for (const std::string& name : experiment.off) SwitchOff(name, defences);
  return defences;
}

}  // namespace raftly
