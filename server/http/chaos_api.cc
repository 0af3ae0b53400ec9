#include "server/http/chaos_api.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/http/chaos_rules.h"
#include "server/http/url.h"
#include "server/kv/json.h"

namespace raftly {
namespace {

constexpr char kRulePath[] = "/api/chaos/rules/";

std::string StringArray(const std::vector<std::string>& strings) {
  std::string json = "[";
  for (const std::string& one : strings) absl::StrAppend(&json, &one == strings.data() ? "" : ",", JsonString(one));
  return json + "]";
}

}  // namespace

ChaosApi::ChaosApi(NodeId self, std::function<std::vector<NodeId>()> nodes, NetworkRules& rules,
                   std::function<std::vector<LinkTraffic>()> links)
    : self_(std::move(self)), nodes_(std::move(nodes)), rules_(rules), links_(std::move(links)) {}

void ChaosApi::Register(Router& router) {
  router.Add("GET", "/api/chaos/rules", AtOnce([this](const HttpRequest&) { return List(); }));
  router.Add("POST", "/api/chaos/apply", Waiting([this](const HttpRequest& request) { return Apply(request); }));
  router.Add("POST", "/api/chaos/heal", AtOnce([this](const HttpRequest&) { return Heal(); }));
  router.Add("DELETE", kRulePath, AtOnce([this](const HttpRequest& request) { return Remove(request); }));
  router.Add("GET", "/api/links", AtOnce([this](const HttpRequest&) { return Links(); }));
}

HttpResponse ChaosApi::List() const {
  return {.body = absl::StrCat("{\"node\":", JsonString(self_), ",\"rules\":", ToJson(rules_.List()), "}")};
}

HttpResponse ChaosApi::Apply(const HttpRequest& request) {
  auto rules = ParseRules(request.body, nodes_());
  if (!rules.ok()) return BadRequest(rules.status());
  const auto ids = rules_.Install(*std::move(rules));
  if (!ids.ok()) return BadRequest(ids.status());
  return {.body = absl::StrCat("{\"installed\":", StringArray(*ids), ",\"node\":", JsonString(self_), "}")};
}

HttpResponse ChaosApi::Heal() {
  rules_.Clear();
  return {.body = absl::StrCat("{\"healed\":", JsonString(self_), "}")};
}

HttpResponse ChaosApi::Remove(const HttpRequest& request) {
  const auto id = PercentDecode(request.path().substr(sizeof kRulePath - 1));
  if (!id.ok()) return BadRequest(id.status());
  if (!rules_.Remove(*id)) return ErrorResponse(404, "there is no such rule on this node");
  return {.body = absl::StrCat("{\"removed\":", JsonString(*id), ",\"node\":", JsonString(self_), "}")};
}

HttpResponse ChaosApi::Links() const {
  std::string json = absl::StrCat("{\"node\":", JsonString(self_), ",\"links\":[");
  const char* comma = "";
  for (const LinkTraffic& link : links_()) {
    absl::StrAppend(&json, comma, "{\"from\":", JsonString(link.from), ",\"to\":", JsonString(link.to),
                    ",\"appends\":", link.appends, ",\"votes\":", link.votes, ",\"losses\":", link.losses, "}");
    comma = ",";
  }
  return {.body = json + "]}"};
}

}  // namespace raftly
