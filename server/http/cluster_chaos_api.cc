#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/cluster/cluster_view.h"
#include "server/http/chaos_api.h"
#include "server/http/chaos_rules.h"
#include "server/kv/json.h"
#include "server/kv/json_value.h"

namespace raftly {
namespace {

HttpRequest PostTo(const char* target, std::string body) {
  HttpRequest request{.method = "POST", .target = target};
  if (!body.empty()) request.headers = {{"Content-Type", "application/json"}};
  request.body = std::move(body);
  return request;
}

// What a node is asked to lose, delay or cut: everything that it sends, and everything that it is sent. The ids say
// what the rules are for, and the same fault asked for again replaces the former one.
std::vector<Rule> BothDirections(const std::string& name, const NodeId& node, decltype(Rule::action) action) {
  const std::string id = absl::StrCat(name, "-", node);
  return {{.id = id + "-out", .from_node = node, .to_node = {}, .action = action},
          {.id = id + "-in", .from_node = {}, .to_node = node, .action = action}};
}

// The row of one node: its "installed", or the error.
std::string RowJson(const NodeId& node, const FanOut::Body& body) {
  std::string row = absl::StrCat("{\"node\":", JsonString(node), ",\"installed\":[");
  const auto answer = body.ok() ? ParseJson(*body) : absl::StatusOr<JsonValue>(body.status());
  const JsonValue* installed = answer.ok() ? answer->Find("installed") : nullptr;
  const char* comma = "";
  if (installed != nullptr) {
    for (const JsonValue& id : installed->items) {
      absl::StrAppend(&row, comma, JsonString(id.text));
      comma = ",";
    }
  }
  row += "]";
  if (!answer.ok()) absl::StrAppend(&row, ",\"error\":", JsonString(std::string(answer.status().message())));
  return row + "}";
}

}  // namespace

void ClusterChaosApi::Register(Router& router) {
  const std::string base = "/api/cluster/chaos/";
  router.Add("GET", base + "state", Waiting([this](const HttpRequest&) { return State(); }));
  router.Add("POST", base + "isolate", Waiting([this](const HttpRequest& request) { return Isolate(request); }));
  router.Add("POST", base + "partition", Waiting([this](const HttpRequest& request) { return Partition(request); }));
  router.Add("POST", base + "delay", Waiting([this](const HttpRequest& request) { return Delay(request); }));
  router.Add("POST", base + "loss", Waiting([this](const HttpRequest& request) { return Loss(request); }));
  router.Add("POST", base + "heal", Waiting([this](const HttpRequest&) { return Heal(); }));
}

HttpResponse ClusterChaosApi::State() {
  return {.body = JoinRules(fan_out_.AskAll({.method = "GET", .target = "/api/chaos/rules"}))};
}

// On every node: whichever end is out of reach of this request, the other one cuts the link.
HttpResponse ClusterChaosApi::Isolate(const HttpRequest& request) {
  const auto body = ParseJson(request.body);
  if (!body.ok()) return BadRequest(body.status());
  JsonFields fields(*body);
  const NodeId node = fields.String("node");
  absl::Status status = fields.status();
  status.Update(CheckNode("node", node, fan_out_.nodes()));
  if (!status.ok()) return BadRequest(status);
  return Install("isolate", fan_out_.nodes(), BothDirections("isolate", node, Drop{}));
}

HttpResponse ClusterChaosApi::Partition(const HttpRequest& request) {
  const auto body = ParseJson(request.body);
  if (!body.ok()) return BadRequest(body.status());
  JsonFields fields(*body);
  const NodeId a = fields.String("a");
  const NodeId b = fields.String("b");
  absl::Status status = fields.status();
  status.Update(CheckNode("a", a, fan_out_.nodes()));
  status.Update(CheckNode("b", b, fan_out_.nodes()));
  if (a == b) status.Update(absl::InvalidArgumentError("fields \"a\" and \"b\" name the same node"));
  if (!status.ok()) return BadRequest(status);
  const auto cut = [](const NodeId& from, const NodeId& to) {
    return Rule{.id = absl::StrCat("partition-", from, "-", to), .from_node = from, .to_node = to, .action = Drop{}};
  };
  return Install("partition", {a, b}, {cut(a, b), cut(b, a)});
}

HttpResponse ClusterChaosApi::Delay(const HttpRequest& request) {
  const auto body = ParseJson(request.body);
  if (!body.ok()) return BadRequest(body.status());
  JsonFields fields(*body);
  const NodeId node = fields.String("node");
  const double delay_ms = fields.Number("delay_ms");
  const auto delay = MakeDelay(delay_ms, fields.OptionalNumber("jitter_ms").value_or(0));
  absl::Status status = fields.status();
  status.Update(CheckNode("node", node, fan_out_.nodes()));
  status.Update(delay.status());
  if (!status.ok()) return BadRequest(status);
  return Impair("delay", node, BothDirections("delay", node, *delay));
}

HttpResponse ClusterChaosApi::Loss(const HttpRequest& request) {
  const auto body = ParseJson(request.body);
  if (!body.ok()) return BadRequest(body.status());
  JsonFields fields(*body);
  const NodeId node = fields.String("node");
  const std::vector<Rule> rules = BothDirections("loss", node, raftly::Loss{fields.Number("loss_rate")});
  absl::Status status = fields.status();
  status.Update(CheckNode("node", node, fan_out_.nodes()));
  status.Update(Validate(rules.front()));
  if (!status.ok()) return BadRequest(status);
  return Impair("loss", node, rules);
}

HttpResponse ClusterChaosApi::Heal() {
  std::string json = "{\"healed\":{";
  const char* comma = "";
  for (const auto& [node, body] : fan_out_.AskAll(PostTo("/api/chaos/heal", {}))) {
    const std::string outcome = body.ok() ? "ok" : std::string(body.status().message());
    absl::StrAppend(&json, comma, JsonString(node), ":", JsonString(outcome));
    comma = ",";
  }
  return {.body = json + "}}"};
}

// A delay or loss on both ends of a link would act twice, so the node itself does it all. A Go server cannot: it
// delays nothing, and loses requests but no replies. Then the other ends do it.
HttpResponse ClusterChaosApi::Impair(const char* action, const NodeId& node, const std::vector<Rule>& rules) {
  const HttpRequest who{.method = "GET", .target = "/status"};
  if (node != fan_out_.self()) (void)fan_out_.AskOne(node, who);
  if (!fan_out_.IsGo(node)) return Install(action, {node}, rules);
  fan_out_.AskAll(who);
  std::vector<NodeId> ends;
  std::string out_of_reach;
  for (const NodeId& end : fan_out_.nodes()) {
    if (end == node) continue;
    if (!fan_out_.IsGo(end)) {
      ends.push_back(end);
    } else {
      absl::StrAppend(&out_of_reach, out_of_reach.empty() ? "" : ", ", end);
    }
  }
  FanOut::Bodies rows;
  if (out_of_reach.empty()) {
    rows.emplace(node, "{\"installed\":[]}");
  } else {
    rows.emplace(node, absl::UnimplementedError(absl::StrCat(
                           node, " is a Go server: nothing is done to its links with the Go servers ", out_of_reach)));
  }
  return Install(action, ends, rules, std::move(rows));
}

HttpResponse ClusterChaosApi::Install(const char* action, const std::vector<NodeId>& nodes,
                                      const std::vector<Rule>& rules, FanOut::Bodies rows) {
  const std::string body = absl::StrCat("{\"rules\":", ToJson(rules), "}");
  std::map<NodeId, HttpRequest> requests;
  for (const NodeId& node : nodes) requests.emplace(node, PostTo("/api/chaos/apply", body));
  std::string json = absl::StrCat("{\"action\":", JsonString(action), ",\"results\":[");
  const char* comma = "";
  rows.merge(fan_out_.Ask(requests));
  for (const auto& [node, answer] : rows) {
    absl::StrAppend(&json, comma, RowJson(node, answer));
    comma = ",";
  }
  return {.body = json + "]}"};
}

}  // namespace raftly
