#include "server/http/cluster_api.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "server/cluster/cluster_view.h"
#include "server/http/log_api.h"

namespace raftly {

void RegisterClusterApi(Router& router, FanOut& fan_out) {
  router.Add("GET", "/api/cluster",
             Waiting([&](const HttpRequest&) { return HttpResponse{.body = ToJson(AskForView(fan_out))}; }));
  router.Add("GET", "/api/cluster/log", Waiting([&](const HttpRequest& request) {
               const std::string target = absl::StrCat("/api/log?limit=", LogLimit(request));
               return HttpResponse{.body = JoinLogs(fan_out.AskAll({.method = "GET", .target = target}))};
             }));
}

}  // namespace raftly
