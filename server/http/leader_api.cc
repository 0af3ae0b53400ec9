#include "server/http/leader_api.h"

#include <chrono>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/kv/json.h"
#include "server/kv/json_value.h"

namespace raftly {
namespace {

Time Now() { return Time(std::chrono::steady_clock::now().time_since_epoch()); }

HttpResponse Failed(const absl::Status& status) {
  const int code = absl::IsNotFound(status) ? 404 : absl::IsAlreadyExists(status) ? 409 : 503;
  return ErrorResponse(code, std::string(status.message()));
}

}  // namespace

void RegisterLeaderApi(Router& router, const AtLeader& at_leader,
                       std::function<absl::StatusOr<NodeId>(const NodeId& to)> hand_over) {
  router.Add("POST", "/api/cluster/leader",
             Waiting([&at_leader, hand_over = std::move(hand_over)](const HttpRequest& request) {
               const auto body = ParseJson(request.body);
               if (!body.ok()) return BadRequest(body.status());
               JsonFields fields(*body);
               const NodeId to = fields.String("id");
               if (!fields.status().ok()) return BadRequest(fields.status());
               const Time begin = Now();
               return at_leader.Run(request, [&]() -> std::optional<HttpResponse> {
                 const auto leader = hand_over(to);
                 if (absl::IsFailedPrecondition(leader.status())) return std::nullopt;
                 if (!leader.ok()) return Failed(leader.status());
                 const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Now() - begin);
                 return HttpResponse{
                     .body = absl::StrCat("{\"leader_id\":", JsonString(*leader), ",\"took_ms\":", took.count(), "}")};
               });
             }));
}

}  // namespace raftly
