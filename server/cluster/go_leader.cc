#include "server/cluster/go_leader.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "server/kv/json_value.h"

namespace raftly {
namespace {

absl::StatusOr<HttpResponse> Get(PeerCaller& peers, const NodeId& peer, const char* target,
                                 std::chrono::milliseconds patience) {
  PeerAnswer answer = peers.Call(peer, {.method = "GET", .target = target}, patience);
  if (answer.outcome != PeerAnswer::Outcome::kAnswered) return absl::UnavailableError(answer.error);
  return std::move(answer.response);
}

// Of a JSON object in an answer.
absl::StatusOr<uint64_t> Natural(const JsonValue& object, const std::string& name) {
  JsonFields fields(object);
  const auto number = fields.OptionalInteger(name);
  if (number && *number >= 0) return static_cast<uint64_t>(*number);
  return absl::UnavailableError(absl::StrCat("its answer has no \"", name, "\""));
}

}  // namespace

bool AnsweredByGo(const HttpResponse& response) { return FindHeader(response.headers, "Raftly-Node").empty(); }

absl::StatusOr<LeaderProbe> ProbeLeader(PeerCaller& peers, const NodeId& leader, std::chrono::milliseconds patience) {
  // The term first: it must be the leader of that term when its log is looked at, or have been.
  const auto status_answer = Get(peers, leader, "/status", patience);
  if (!status_answer.ok()) return status_answer.status();
  if (!AnsweredByGo(*status_answer)) return LeaderProbe{};
  const auto log_answer = Get(peers, leader, "/api/log?limit=1", patience);
  if (!log_answer.ok()) return log_answer.status();
  const auto status = ParseJson(status_answer->body);
  if (!status.ok()) return absl::UnavailableError(status.status().message());
  const auto log = ParseJson(log_answer->body);
  if (!log.ok()) return absl::UnavailableError(log.status().message());
  JsonFields fields(*status);
  if (fields.OptionalString("state") != "Leader") return absl::UnavailableError("it does not lead");
  const auto term = Natural(*status, "term");
  if (!term.ok()) return term.status();
  const auto last = Natural(*log, "last_index");
  if (!last.ok()) return last.status();
  return LeaderProbe{.go = true, .end = {Term{*term}, Index{*last}}};
}

}  // namespace raftly
