#include "server/http/status_api.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/cluster/cluster_view.h"
#include "server/kv/json.h"

namespace raftly {
namespace {

HttpResponse Ok() { return {.body = R"({"status":"ok"})"}; }

// What concerns other nodes is there only while there is something to say.
std::string Others(const NodeStatus& status) {
  std::string json = SendingJson(status.sending);
  const char* before = ",\"takes_no_snapshot\":[";
  for (const NodeId& peer : status.takes_no_snapshot) {
    absl::StrAppend(&json, std::exchange(before, ","), JsonString(peer));
  }
  if (!status.takes_no_snapshot.empty()) json += "]";
  if (status.repairing) json += ",\"repairing\":true";
  if (!status.error.empty()) absl::StrAppend(&json, ",\"error\":", JsonString(status.error));
  return json;
}

HttpResponse Describe(const NodeStatus& status, Index oldest_change) {
  return {.body = absl::StrCat("{\"id\":", JsonString(status.id),                    //
                               ",\"state\":", JsonString(ToString(status.role)),     //
                               ",\"term\":", status.term.value,                      //
                               ",\"leader_id\":", JsonString(status.leader),         //
                               ",\"commit_index\":", status.commit_index.value,      //
                               ",\"last_applied\":", status.last_applied.value,      //
                               ",\"first_index\":", status.first_index.value,        //
                               ",\"snapshot_index\":", status.snapshot_index.value,  //
                               ",\"log_bytes\":", status.log_bytes,                  //
                               ",\"oldest_change\":", oldest_change.value, Others(status), "}")};
}

}  // namespace

void RegisterStatusApi(Router& router, const std::function<NodeStatus()>& status,
                       const std::function<Index()>& oldest_change) {
  router.AddPrompt("GET", "/status",
                   [status, oldest_change](const HttpRequest&) { return Describe(status(), oldest_change()); });
  router.AddPrompt("GET", "/healthz", [](const HttpRequest&) { return Ok(); });
  router.AddPrompt("GET", "/readyz", [status](const HttpRequest&) {
    const NodeStatus now = status();
    if (now.repairing) return ErrorResponse(503, "this node mends its damaged log with what its peers hold");
    if (now.leader.empty()) return ErrorResponse(503, "no leader is known");
    return now.ready ? Ok() : ErrorResponse(503, "this node has not yet applied what was committed when it started");
  });
}

}  // namespace raftly
