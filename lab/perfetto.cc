#include "lab/perfetto.h"

#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace raftly {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

// Tracks are threads of one process: nodes from 1 on, the clients' calls share three behind them.
constexpr int kProcess = 1;
constexpr int kClientTracks = 3;

class Export {
 public:
  explicit Export(const json& trace) : trace_(trace) {
    for (const json& node : trace.at("nodes")) {
      tracks_[node] = static_cast<int>(tracks_.size()) + 1;
      Name(tracks_[node], node);
    }
    first_client_ = static_cast<int>(tracks_.size()) + 1;
    for (int i = 0; i < kClientTracks; ++i) Name(first_client_ + i, "clients");
  }

  std::string Run() {
    for (const json& event : trace_.at("events")) {
      now_ = event.at("t").get<double>() * 1000;
      Take(event);
    }
    for (const auto& [node, track] : tracks_) EndRole(track);
    // A call that nobody answered goes on to the end.
    for (const auto& [op, call] : calls_) Slice(ClientTrack(op), call.second, call.first, {{"outcome", "open"}});
    return ordered_json{{"displayTimeUnit", "ms"}, {"traceEvents", std::move(out_)}}.dump();
  }

 private:
  struct Role {
    double begin = 0;
    std::string name;
  };

  void Name(int track, const std::string& name) {
    out_.push_back(
        {{"ph", "M"}, {"name", "thread_name"}, {"pid", kProcess}, {"tid", track}, {"args", {{"name", name}}}});
  }
  int ClientTrack(uint64_t op) const { return first_client_ + static_cast<int>(op % kClientTracks); }
  void Slice(int track, const std::string& name, double begin, ordered_json args) {
    out_.push_back({{"ph", "X"},
                    {"name", name},
                    {"pid", kProcess},
                    {"tid", track},
                    {"ts", begin},
                    {"dur", std::max(now_ - begin, 1.0)},
                    {"args", std::move(args)}});
  }
  void Instant(int track, const std::string& name, const json& args) {
    out_.push_back(
        {{"ph", "i"}, {"s", "t"}, {"name", name}, {"pid", kProcess}, {"tid", track}, {"ts", now_}, {"args", args}});
  }
  // An arrow begins or ends at a slice, so each end gets a short one.
  void Flow(const char* phase, int track, uint64_t number, const std::string& name, const json& args) {
    out_.push_back(
        {{"ph", "X"}, {"name", name}, {"pid", kProcess}, {"tid", track}, {"ts", now_}, {"dur", 1.0}, {"args", args}});
    out_.push_back({{"ph", phase},
                    {"bp", "e"},
                    {"cat", "message"},
                    {"name", "message"},
                    {"id", number},
                    {"pid", kProcess},
                    {"tid", track},
                    {"ts", now_}});
  }
  void EndRole(int track) {
    const auto role = roles_.find(track);
    if (role == roles_.end()) return;
    Slice(track, role->second.name, role->second.begin, ordered_json::object());
    roles_.erase(role);
  }
  void BeginRole(int track, const std::string& name) {
    EndRole(track);
    roles_[track] = {now_, name};
  }

  void Take(const json& event);

  const json& trace_;
  ordered_json out_ = ordered_json::array();
  std::map<std::string, int> tracks_;
  int first_client_ = 0;
  double now_ = 0;
  std::map<int, Role> roles_;
  std::map<uint64_t, std::pair<double, std::string>> calls_;
  std::map<uint64_t, std::pair<int, std::string>> messages_;  // where to, and what
};

void Export::Take(const json& event) {
  const std::string kind = event.at("e");
  const auto track = event.contains("node") ? tracks_.find(event["node"]) : tracks_.end();
  if (kind == "sent") {
    const uint64_t number = event.at("n");
    messages_[number] = {tracks_.at(event.at("to")), event.at("kind")};
    Flow("s", tracks_.at(event.at("from")), number, absl::StrCat("→ ", messages_[number].second), event);
  } else if (kind == "arrived" || kind == "lost") {
    const uint64_t number = event.at("n");
    const auto& [to, what] = messages_.at(number);
    if (kind == "lost") return Instant(to, absl::StrCat("lost: ", what), event);
    Flow("f", to, number, absl::StrCat("← ", what), event);
  } else if (kind == "role" || kind == "recovered") {
    BeginRole(track->second,
              absl::StrCat(event.value("role", "Follower"), ", term ", event.at("term").get<uint64_t>()));
  } else if (kind == "call") {
    calls_[event.at("op")] = {now_,
                              absl::StrCat(event.at("do").get<std::string>(), " ", event.at("key").get<std::string>())};
  } else if (kind == "answer") {
    const auto call = calls_.extract(event.at("op").get<uint64_t>());
    if (!call.empty()) Slice(ClientTrack(call.key()), call.mapped().second, call.mapped().first, event);
  } else if (kind == "process") {
    const std::string what = event.at("what");
    if (what == "killed" || what == "power_lost" || what == "refused_to_start") EndRole(track->second);
    Instant(track->second, what, event);
  } else if (track != tracks_.end()) {
    Instant(track->second, kind, event);
  } else if (kind == "act" || kind == "finding") {
    out_.push_back({{"ph", "i"},
                    {"s", "g"},
                    {"name", event.value("do", kind)},
                    {"pid", kProcess},
                    {"tid", 1},
                    {"ts", now_},
                    {"args", event}});
  }
}

}  // namespace

std::string ToPerfetto(std::string_view trace) { return Export(json::parse(trace)).Run(); }

}  // namespace raftly
