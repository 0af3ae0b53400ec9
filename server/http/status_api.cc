#include "server/http/status_api.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "server/kv/json.h"

namespace raftly {
namespace {

HttpResponse Ok() { return {.body = R"({"status":"ok"})"}; }

HttpResponse Describe(const NodeStatus& status) {
  const std::string error = status.error.empty() ? "" : absl::StrCat(",\"error\":", JsonString(status.error));
  return {.body = absl::StrCat("{\"id\":", JsonString(status.id),                    //
                               ",\"state\":", JsonString(ToString(status.role)),     //
                               ",\"term\":", status.term.value,                      //
                               ",\"leader_id\":", JsonString(status.leader),         //
                               ",\"commit_index\":", status.commit_index.value,      //
                               ",\"last_applied\":", status.last_applied.value,      //
                               ",\"first_index\":", status.first_index.value,        //
                               ",\"snapshot_index\":", status.snapshot_index.value,  //
                               ",\"log_bytes\":", status.log_bytes, error, "}")};
}

}  // namespace

void RegisterStatusApi(Router& router, const std::function<NodeStatus()>& status) {
  router.AddPrompt("GET", "/status", [status](const HttpRequest&) { return Describe(status()); });
  router.AddPrompt("GET", "/healthz", [](const HttpRequest&) { return Ok(); });
  router.AddPrompt("GET", "/readyz", [status](const HttpRequest&) {
    const NodeStatus now = status();
    if (now.leader.empty()) return ErrorResponse(503, "no leader is known");
    return now.ready ? Ok() : ErrorResponse(503, "this node has not yet applied what was committed when it started");
  });
}

}  // namespace raftly
