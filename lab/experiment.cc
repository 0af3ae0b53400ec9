#include "lab/experiment.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "chaos/sim/defence_names.h"
#include "lab/field_reader.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;
using nlohmann::ordered_json;
using Do = Act::Do;

constexpr Duration kDefaultTimeout = 1s;
constexpr size_t kLongestWord = 64;
constexpr int64_t kMostRetries = 100;
constexpr int64_t kMostExact = int64_t{1} << 53;  // what every reader of JSON keeps exact
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
  kWish = 32768,
};

struct Kind {
  Do what;
  std::string_view name;
  unsigned fields;
};

constexpr std::array<Kind, 28> kKinds = {{
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
    {Do::kSnapshot, "snapshot", kNode},
    {Do::kSetTimeout, "set_election_timeout", kNode | kMs},
    {Do::kMember, "member", kNode | kWish | kTimeout},
    {Do::kLoseDirectory, "lose_directory", kNode},
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

class ExperimentReader : private FieldReader {
 public:
  using FieldReader::FieldReader;

  absl::StatusOr<Experiment> Read(const std::string& pointer);

 private:
  std::string Word(Object& object, const std::string& field);
  std::string Node(Object& object, const std::string& field, bool required);
  void CheckNode(const std::string& name, const std::string& pointer);
  std::vector<std::string> Nodes(Object& object, const std::string& field, bool required);
  void ReadWish(Object& object, Act& act);
  void ReadTimings(const std::string& pointer);
  void ReadSwarm(Object& object);
  void ReadMemberChanging(Object& object);
  Act ReadAct(const std::string& pointer);

  Experiment experiment_;
};

std::string ExperimentReader::Word(Object& object, const std::string& field) {
  std::string text = Text(object, field, true);
  if (!IsWord(text)) {
    Fail(absl::StrCat(object.pointer, "/", field),
         absl::StrCat("must be 1 to ", kLongestWord, " letters, digits, '-', '_' or '.'"));
  }
  return text;
}

void ExperimentReader::CheckNode(const std::string& name, const std::string& pointer) {
  if (name == "leader" || name == "L") return;
  const int all = experiment_.nodes + experiment_.outsiders + experiment_.spares;
  for (int i = 1; i <= all; ++i) {
    if (name == absl::StrCat("n", i) || (i < experiment_.nodes && name == absl::StrCat("F", i))) return;
  }
  Fail(pointer, absl::StrCat("there is no node \"", name, "\": there are n1 to n", all,
                             ", \"leader\", \"L\", and F1 to F", experiment_.nodes - 1));
}

std::string ExperimentReader::Node(Object& object, const std::string& field, bool required) {
  std::string name = Text(object, field, required);
  if (required || !name.empty()) CheckNode(name, absl::StrCat(object.pointer, "/", field));
  return name;
}

std::vector<std::string> ExperimentReader::Nodes(Object& object, const std::string& field, bool required) {
  std::vector<std::string> names = Texts(object, field, required);
  for (size_t i = 0; i < names.size(); ++i) CheckNode(names[i], absl::StrCat(object.pointer, "/", field, "/", i));
  return names;
}

// Who is to be what. Parts may mean one node under two names; that shows only when the act is done.
void ExperimentReader::ReadWish(Object& object, Act& act) {
  if (!experiment_.members_change && experiment_.spares == 0) {
    Fail(absl::StrCat(object.pointer, "/do"), "members change only in an experiment with members_change or spares");
  }
  std::set<std::string> named;
  for (auto& [field, names] :
       {std::pair("learn", &act.learn), std::pair("vote", &act.vote), std::pair("leave", &act.leave)}) {
    *names = Nodes(object, field, false);
    for (size_t i = 0; i < names->size(); ++i) {
      if (named.insert((*names)[i]).second) continue;
      Fail(absl::StrCat(object.pointer, "/", field, "/", i), "is named twice: a node is to be one thing");
    }
  }
  act.on = Bool(object, "promote", false);
  act.replace = Node(object, "replace", false);
  const bool changes = act.on || !named.empty();
  if (!changes && act.replace.empty()) {
    Fail(object.pointer, "changes nothing: it needs learn, promote, vote, leave or replace");
  } else if (changes && !act.replace.empty()) {
    Fail(absl::StrCat(object.pointer, "/replace"), "stands alone: it is a change of two steps");
  }
}

Act ExperimentReader::ReadAct(const std::string& pointer) {
  Act act;
  Object object = ObjectAt(pointer);
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
  if ((kind->fields & kNodes) != 0) act.nodes = Nodes(object, "nodes", true);
  if ((kind->fields & kWish) != 0) ReadWish(object, act);
  if ((kind->fields & kKey) != 0) act.key = Word(object, "key");
  if ((kind->fields & kValue) != 0) act.value = Word(object, "value");
  if ((kind->fields & kText) != 0) {
    act.text = Text(object, "text", false);
    if (act.text.size() > kLongestWord)
      Fail(absl::StrCat(pointer, "/text"), absl::StrCat("must be at most ", kLongestWord, " bytes"));
  }
  if ((kind->fields & kNumber) != 0) {
    act.number = Integer(object, "number", act.what == Do::kAdd ? -kMostExact : 1, kMostExact, {});
  }
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

void ExperimentReader::ReadTimings(const std::string& pointer) {
  Object object = ObjectAt(pointer);
  Timings& timings = experiment_.timings;
  timings.election_timeout = Time(object, "election_timeout_ms", 10ms, 10s, timings.election_timeout);
  timings.heartbeat = Time(object, "heartbeat_ms", 1ms, 10s, timings.heartbeat);
  RefuseUnknown(object);
  if (timings.heartbeat >= timings.election_timeout) {
    Fail(absl::StrCat(pointer, "/heartbeat_ms"), "must be shorter than the election timeout");
  }
}

void ExperimentReader::ReadSwarm(Object& object) {
  if (Find(object, "swarm", false) != nullptr) {
    experiment_.swarm = static_cast<uint64_t>(Integer(object, "swarm", 0, kMostExact, std::nullopt));
    if (experiment_.outsiders > 0) Fail(absl::StrCat(object.pointer, "/outsiders"), "a swarm is of members only");
    for (const char* field : {"spares", "members_change", "identities"}) {
      if (object.value.contains(field))
        Fail(absl::StrCat(object.pointer, "/", field), "is what a swarm's seed decides");
    }
  }
  ReadMemberChanging(object);
  const nlohmann::json* spared = Find(object, "spared", false);
  if (spared == nullptr) return;
  const std::string pointer = absl::StrCat(object.pointer, "/spared");
  if (!experiment_.swarm) Fail(pointer, "faults are spared of a swarm, and there is none");
  if (!spared->is_array()) Fail(pointer, "must be a list of numbers");
  for (const nlohmann::json& number : spared->is_array() ? *spared : nlohmann::json::array()) {
    if (!number.is_number_unsigned()) Fail(pointer, "must be a list of numbers");
    if (number.is_number_unsigned()) experiment_.spared.push_back(number.get<uint64_t>());
  }
}

void ExperimentReader::ReadMemberChanging(Object& object) {
  const std::string members = Text(object, "members", false);
  if (members.empty()) return;
  const std::string pointer = absl::StrCat(object.pointer, "/members");
  if (!experiment_.swarm) Fail(pointer, "is said of a swarm, and there is none; acts change members by member");
  if (members != "always" && members != "never") Fail(pointer, "must be \"always\" or \"never\"");
  experiment_.members = members == "always" ? MemberChanging::kInEachSeed : MemberChanging::kInNoSeed;
}

absl::StatusOr<Experiment> ExperimentReader::Read(const std::string& pointer) {
  Object object = ObjectAt(pointer);
  Integer(object, "format", kExperimentFormat, kExperimentFormat, std::nullopt);
  experiment_.incident = Text(object, "incident", false);
  experiment_.nodes = static_cast<int>(Integer(object, "nodes", 1, kMostNodes, std::nullopt));
  const int others = kMostNodes - experiment_.nodes;
  experiment_.outsiders = static_cast<int>(Integer(object, "outsiders", 0, others, 0));
  experiment_.spares = static_cast<int>(Integer(object, "spares", 0, others - experiment_.outsiders, 0));
  experiment_.members_change = Bool(object, "members_change", false);
  experiment_.identities = Bool(object, "identities", false);
  experiment_.seed = static_cast<uint64_t>(Integer(object, "seed", 0, kMostExact, std::nullopt));
  experiment_.duration = Time(object, "duration_ms", 1ms, kLongestExperiment, std::nullopt);
  if (Find(object, "timings", false) != nullptr) ReadTimings(absl::StrCat(pointer, "/timings"));
  constexpr auto kMost = static_cast<int64_t>(kMostBytes);
  experiment_.snapshot_bytes = static_cast<uint64_t>(Integer(object, "snapshot_bytes", 0, kMost, 0));
  experiment_.keep_bytes = static_cast<uint64_t>(Integer(object, "keep_bytes", 0, kMost, 0));
  experiment_.entries_per_append = static_cast<size_t>(
      Integer(object, "entries_per_append", 1, kMostInFlight, static_cast<int64_t>(Limits().entries_per_append)));
  experiment_.appends_in_flight = static_cast<size_t>(
      Integer(object, "appends_in_flight", 1, kMostInFlight, static_cast<int64_t>(Limits().appends_in_flight)));
  ReadSwarm(object);
  experiment_.off = Texts(object, "off", false);
  Defences defences;
  for (size_t i = 0; i < experiment_.off.size(); ++i) {
    if (!SwitchOff(experiment_.off[i], defences)) {
      Fail(absl::StrCat(pointer, "/off/", i), absl::StrCat("there is no defence \"", experiment_.off[i], "\""));
    }
  }
  if (const nlohmann::json* acts = Find(object, "acts", true)) {
    const std::string list = absl::StrCat(pointer, "/acts");
    if (!acts->is_array()) Fail(list, "must be a list of acts");
    if (acts->size() > kMostActs) Fail(list, absl::StrCat("must be at most ", kMostActs, " acts"));
    for (size_t i = 0; acts->is_array() && status().ok() && i < acts->size(); ++i) {
      experiment_.acts.push_back(ReadAct(absl::StrCat(list, "/", i)));
    }
  }
  RefuseUnknown(object);
  if (!status().ok()) return status();
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
  return ReadExperiment(*document, "");
}

absl::StatusOr<Experiment> ReadExperiment(const LocatedJson& document, const std::string& pointer) {
  return ExperimentReader(document).Read(pointer);
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
  if (!act.learn.empty()) json["learn"] = act.learn;
  if ((fields & kWish) != 0 && act.on) json["promote"] = true;
  if (!act.vote.empty()) json["vote"] = act.vote;
  if (!act.leave.empty()) json["leave"] = act.leave;
  if (!act.replace.empty()) json["replace"] = act.replace;
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
  if (experiment.spares > 0) json["spares"] = experiment.spares;
  if (experiment.members_change) json["members_change"] = true;
  if (experiment.identities) json["identities"] = true;
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
  if (experiment.swarm) json["swarm"] = *experiment.swarm;
  if (!experiment.spared.empty()) json["spared"] = experiment.spared;
  if (experiment.members != MemberChanging::kBySeed) {
    json["members"] = experiment.members == MemberChanging::kInEachSeed ? "always" : "never";
  }
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
