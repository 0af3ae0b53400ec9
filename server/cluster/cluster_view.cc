#include "server/cluster/cluster_view.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/kv/json.h"
#include "server/kv/json_value.h"

namespace raftly {
namespace {

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

std::string Text(const JsonObject& object, std::string_view name) {
  const JsonField* field = object.Find(name);
  return field != nullptr && field->kind == JsonField::Kind::kString ? std::string(field->text) : std::string();
}

uint64_t Number(const JsonObject& object, std::string_view name) {
  uint64_t number = 0;
  const JsonField* field = object.Find(name);
  if (field == nullptr || field->kind != JsonField::Kind::kNumber) return 0;
  std::from_chars(field->text.data(), field->text.data() + field->text.size(), number);
  return number;
}

// What is wrong with an answer in which `name` should be `node`. Empty: nothing.
std::string Mismatch(const absl::StatusOr<JsonObject>& object, std::string_view name, const NodeId& node) {
  if (!object.ok()) return "the answer is " + std::string(object.status().message());
  const NodeId id = Text(*object, name);
  return id == node ? std::string() : absl::StrCat("\"", id, "\" answers under this node's address");
}

// What a leader says of its peers. Nothing where it says nothing, or nonsense.
void ReadOthers(const JsonValue& status, NodeRow& row) {
  const JsonValue* sending = status.Find("sending");
  for (const JsonValue& one : sending == nullptr ? std::vector<JsonValue>() : sending->items) {
    const JsonValue* to = one.Find("to");
    const JsonValue* percent = one.Find("percent");
    if (to == nullptr || percent == nullptr || percent->number < 0 || percent->number > 100) continue;
    row.sending.push_back({to->text, static_cast<uint32_t>(percent->number)});
  }
  const JsonValue* needy = status.Find("takes_no_snapshot");
  for (const JsonValue& one : needy == nullptr ? std::vector<JsonValue>() : needy->items) {
    row.takes_no_snapshot.push_back(one.text);
  }
}

std::string RowJson(const NodeRow& row) {
  std::string json = absl::StrCat("{\"id\":", JsonString(row.id),                              //
                                  ",\"state\":", JsonString(row.state),                        //
                                  ",\"term\":", row.term,                                      //
                                  ",\"leader_id\":", JsonString(row.leader_id),                //
                                  ",\"commit_index\":", row.commit_index,                      //
                                  ",\"last_applied\":", row.last_applied,                      //
                                  ",\"first_index\":", row.first_index,                        //
                                  ",\"snapshot_index\":", row.snapshot_index,                  //
                                  ",\"log_bytes\":", row.log_bytes, SendingJson(row.sending),  //
                                  ",\"reachable\":", row.reachable ? "true" : "false");
  if (!row.error.empty()) absl::StrAppend(&json, ",\"error\":", JsonString(row.error));
  return json + "}";
}

}  // namespace

std::string SendingJson(const std::vector<SnapshotOnItsWay>& sending) {
  std::string json;
  for (const auto& [to, percent] : sending) {
    absl::StrAppend(&json, json.empty() ? ",\"sending\":[" : ",", "{\"to\":", JsonString(to), ",\"percent\":", percent,
                    "}");
  }
  return json.empty() ? json : json + "]";
}

HttpRequest StatusRequest() { return {.method = "GET", .target = "/status"}; }

NodeRow RowOf(const NodeId& node, const FanOut::Body& status) {
  NodeRow row{.id = node};
  if (!status.ok()) {
    row.error = std::string(status.status().message());
    return row;
  }
  const auto object = ParseJsonObject(*status);
  row.error = Mismatch(object, "id", node);
  if (!row.error.empty()) return row;
  row.state = Text(*object, "state");
  row.term = Number(*object, "term");
  row.leader_id = Text(*object, "leader_id");
  row.commit_index = Number(*object, "commit_index");
  row.last_applied = Number(*object, "last_applied");
  row.first_index = Number(*object, "first_index");
  row.snapshot_index = Number(*object, "snapshot_index");
  row.log_bytes = Number(*object, "log_bytes");
  row.error = Text(*object, "error");
  if (object->Find("sending") != nullptr || object->Find("takes_no_snapshot") != nullptr) {
    if (const auto whole = ParseJson(*status); whole.ok()) ReadOthers(*whole, row);
  }
  row.reachable = true;
  return row;
}

ClusterView Summarize(std::vector<NodeRow> nodes, int64_t timestamp_ms) {
  ClusterView view{.nodes = std::move(nodes), .leader_id = {}, .timestamp_ms = timestamp_ms};
  uint64_t leader_term = 0;
  for (const NodeRow& row : view.nodes) {
    if (!row.reachable) continue;
    view.term = std::max(view.term, row.term);
    if (row.state != "Leader" || row.term < leader_term) continue;
    view.leader_id = row.id;
    leader_term = row.term;
  }
  const auto named = [&view](const NodeId& id) {
    return std::find_if(view.nodes.begin(), view.nodes.end(), [&](const NodeRow& row) { return row.id == id; });
  };
  const auto leader = named(view.leader_id);
  for (const NodeId& peer : leader == view.nodes.end() ? std::vector<NodeId>() : leader->takes_no_snapshot) {
    const auto row = named(peer);
    if (row != view.nodes.end() && row->error.empty()) row->error = "needs a snapshot and takes none";
  }
  return view;
}

ClusterView AskForView(FanOut& fan_out) {
  std::vector<NodeRow> rows;
  for (const auto& [node, body] : fan_out.AskAll(StatusRequest())) rows.push_back(RowOf(node, body));
  return Summarize(std::move(rows), WallClockMs());
}

std::string ToJson(const ClusterView& view) {
  std::string json = "{\"nodes\":[";
  for (const NodeRow& row : view.nodes) absl::StrAppend(&json, &row == view.nodes.data() ? "" : ",", RowJson(row));
  absl::StrAppend(&json, "],\"leader_id\":", JsonString(view.leader_id), ",\"term\":", view.term,
                  ",\"timestamp\":", view.timestamp_ms, "}");
  return json;
}

int64_t WallClockMs() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count();
}

std::string JoinRows(std::string_view name, const FanOut::Bodies& bodies, std::string_view blank) {
  std::string json = absl::StrCat("{", JsonString(name), ":[");
  const char* comma = "";
  for (const auto& [node, body] : bodies) {
    std::string error;
    if (!body.ok()) error = std::string(body.status().message());
    if (body.ok()) error = Mismatch(ParseJsonObject(*body), "node", node);
    absl::StrAppend(&json, comma);
    if (error.empty()) {
      json += *body;
    } else {
      absl::StrAppend(&json, "{\"node\":", JsonString(node), ",", View(blank), ",\"error\":", JsonString(error), "}");
    }
    comma = ",";
  }
  return json + "]}";
}

std::string JoinRules(const FanOut::Bodies& bodies) { return JoinRows("peers", bodies, R"("rules":[])"); }

std::string JoinLogs(const FanOut::Bodies& bodies) {
  return JoinRows("nodes", bodies, R"("last_index":0,"commit_index":0,"last_applied":0,"entries":[])");
}

std::string JoinTimings(const FanOut::Bodies& bodies) {
  return JoinRows("nodes", bodies, R"("election_timeout_ms":0,"heartbeat_ms":0)");
}

}  // namespace raftly
