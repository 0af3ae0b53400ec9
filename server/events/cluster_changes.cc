#include "server/events/cluster_changes.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "server/kv/json.h"
#include "server/kv/json_value.h"

namespace raftly {
namespace {

// Counts begin anew when a node restarts.
uint64_t Since(uint64_t before, uint64_t now) { return now >= before ? now - before : now; }

uint64_t Count(JsonFields& fields, std::string_view name) {
  return static_cast<uint64_t>(std::max<int64_t>(fields.OptionalInteger(name).value_or(0), 0));
}

}  // namespace

std::vector<Event> ClusterChanges::Next(const ClusterView& view) {
  std::vector<Event> events;
  Nodes(view, events);
  Term(view, events);
  Leader(view, events);
  for (Event& event : events) event.timestamp_ms = view.timestamp_ms;
  if (std::exchange(first_, false)) events.clear();
  return events;
}

// Only to a known leader (SPEC section 4.1): while there is none, the status says so.
void ClusterChanges::Leader(const ClusterView& view, std::vector<Event>& events) {
  if (view.leader_id.empty() || view.leader_id == leader_) return;
  std::string data = absl::StrCat("{\"from\":", JsonString(leader_), ",\"to\":", JsonString(view.leader_id), "}");
  events.push_back({.type = "leader_change", .node = view.leader_id, .data = std::move(data)});
  leader_ = view.leader_id;
}

// Only upwards: the node of the highest term may be out of reach for a while.
void ClusterChanges::Term(const ClusterView& view, std::vector<Event>& events) {
  if (view.term <= term_) return;
  events.push_back({.type = "term_change", .data = absl::StrCat("{\"from\":", term_, ",\"to\":", view.term, "}")});
  term_ = view.term;
}

void ClusterChanges::Nodes(const ClusterView& view, std::vector<Event>& events) {
  // Who left and comes back is new.
  std::erase_if(reachable_, [&](const auto& one) {
    return std::none_of(view.nodes.begin(), view.nodes.end(), [&](const NodeRow& row) { return row.id == one.first; });
  });
  for (const NodeRow& row : view.nodes) {
    const auto [known, is_new] = reachable_.emplace(row.id, row.reachable);
    if (is_new || known->second == row.reachable) continue;
    known->second = row.reachable;
    events.push_back({.type = row.reachable ? "node_up" : "node_down",
                      .node = row.id,
                      .data = absl::StrCat("{\"id\":", JsonString(row.id), "}")});
  }
}

void LinkChanges::Add(const NodeId& node, const std::string& answer) {
  const auto body = ParseJson(answer);
  if (!body.ok()) return;
  const JsonValue* links = JsonFields(*body).Array("links");
  if (links == nullptr) return;
  const auto [seen, is_new] = seen_.try_emplace(node);
  for (const JsonValue& link : links->items) {
    JsonFields fields(link);
    const std::pair ends(fields.String("from"), fields.String("to"));
    const Counts now{Count(fields, "appends"), Count(fields, "votes"), Count(fields, "losses")};
    if (!fields.status().ok()) continue;
    const Counts before = std::exchange(seen->second[ends], now);
    // Both ends count a request; its sender's count is the one that no loss can lower. A loss is counted where it
    // happens.
    const bool sender = ends.first == node;
    const Counts more{.appends = sender ? Since(before.appends, now.appends) : 0,
                      .votes = sender ? Since(before.votes, now.votes) : 0,
                      .losses = Since(before.losses, now.losses)};
    if (is_new || more.appends + more.votes + more.losses == 0) continue;
    Counts& since = since_[ends];
    since.appends += more.appends;
    since.votes += more.votes;
    since.losses += more.losses;
  }
}

std::string ToJson(const LinkChanges::Links& links) {
  std::string json = "{\"links\":[";
  const char* comma = "";
  for (const auto& [ends, counts] : links) {
    absl::StrAppend(&json, comma, "{\"from\":", JsonString(ends.first), ",\"to\":", JsonString(ends.second),
                    ",\"appends\":", counts.appends, ",\"votes\":", counts.votes, ",\"losses\":", counts.losses, "}");
    comma = ",";
  }
  return json + "]}";
}

}  // namespace raftly
