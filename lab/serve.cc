#include "lab/serve.h"

#include <utility>

#include "server/http/assets.h"

namespace raftly {

LabServer::LabServer(Address listen, std::string program)
    : api_(std::move(program)),
      // A page of elsewhere must not find its way here by a name that points to this machine.
      front_(router_, {}, {}, {.hosts = AllowedHosts({"localhost", listen.host}, {})}),
      http_({.listen = std::move(listen), .node = "laboratory"}, front_) {
  api_.Register(router_);
  RegisterLabAssets(router_);
  router_.AddPrompt("GET", "/healthz", [](const HttpRequest&) { return HttpResponse{.body = "{\"status\":\"ok\"}"}; });
}

absl::Status LabServer::Start() {
  absl::Status status = http_.Bind();
  if (status.ok()) status = http_.Start();
  return status;
}

}  // namespace raftly
