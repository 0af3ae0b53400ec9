// Bodies of requests: the three readers of JSON agree with one another, rules and timings with themselves.
#include <chrono>
#include <string>
#include <vector>

#include "raft/core/check.h"
#include "server/cluster/fan_out.h"
#include "server/http/chaos_rules.h"
#include "server/http/config_api.h"
#include "server/http/router.h"
#include "server/kv/json.h"
#include "server/kv/json_value.h"
#include "server/kv/utf8.h"
#include "tests/fuzz/targets.h"

namespace raftly::fuzz {
namespace {

bool IsText(const absl::Status& status) { return !status.message().empty() && IsUtf8(std::string(status.message())); }

bool SameKind(JsonField::Kind field, JsonValue::Kind value) {
  switch (value) {
    case JsonValue::Kind::kNull:
      return field == JsonField::Kind::kNull;
    case JsonValue::Kind::kBool:
      return field == JsonField::Kind::kBool;
    case JsonValue::Kind::kNumber:
      return field == JsonField::Kind::kNumber;
    case JsonValue::Kind::kString:
      return field == JsonField::Kind::kString;
    case JsonValue::Kind::kArray:
    case JsonValue::Kind::kObject:
      return field == JsonField::Kind::kNested;
  }
  return false;
}

void CheckSame(const JsonObject& flat, const JsonValue& tree) {
  RAFTLY_CHECK(flat.fields().size() == tree.members.size(), "two readers see different numbers of fields");
  for (size_t i = 0; i < tree.members.size(); ++i) {
    const JsonField& field = flat.fields()[i];
    const auto& [name, value] = tree.members[i];
    RAFTLY_CHECK(field.name == name && SameKind(field.kind, value.kind), "two readers see different fields");
    if (value.kind != JsonValue::Kind::kString) continue;
    RAFTLY_CHECK(field.text == value.text, "two readers see different strings");
    RAFTLY_CHECK(IsUtf8(value.text), "a string is not UTF-8");
  }
}

// Everything that is a string, written and read again.
void CheckStrings(const JsonValue& tree) {
  std::string text = "{";
  for (const auto& [name, value] : tree.members) {
    text += text.size() > 1 ? "," : "";
    AppendJsonString(text, name);
    text += ':';
    AppendJsonString(text, value.text);
  }
  if (tree.members.empty()) return;
  text += '}';
  const auto again = ParseStrings(text);
  RAFTLY_CHECK(again && again->fields().size() == tree.members.size(), "strings are not read as they are written");
  for (size_t i = 0; i < tree.members.size(); ++i) {
    RAFTLY_CHECK(again->fields()[i].text == tree.members[i].second.text, "a string is read as another");
  }
}

void CheckRules(const std::string& body) {
  static const std::vector<NodeId> nodes = {"node1", "node2", "node3"};
  const auto rules = ParseRules(body, nodes);
  if (!rules.ok()) {
    RAFTLY_CHECK(IsText(rules.status()), "an error is no text");
    return;
  }
  const std::string written = ToJson(*rules);
  const auto again = ParseRules("{\"rules\":" + written + "}", nodes);
  RAFTLY_CHECK(again.ok() && again->size() == rules->size(), "rules are not read as they are written");
  RAFTLY_CHECK(ToJson(*again) == written, "rules change when they are read again");
}

class Nobody : public PeerCaller {
 public:
  PeerAnswer Call(const NodeId&, const HttpRequest&, std::chrono::milliseconds) override {
    return {PeerAnswer::Outcome::kNotSent, {}, "nobody is there"};
  }
};

// What POST /api/config makes of it; and where it takes it, of its own answer.
void CheckTimings(const std::string& body) {
  static Nobody peers;
  static FanOut alone(
      "node1", {}, [](const HttpRequest&) { return HttpResponse(); }, peers);
  Timings timings;
  ConfigApi api(
      "node1", timings, [&](Timings changed) { timings = changed; }, alone);
  Router router;
  api.Register(router);
  const HttpResponse answer = router.Ask({.method = "POST", .target = "/api/config", .body = body});
  RAFTLY_CHECK(answer.status == 200 || answer.status == 400, "nobody is to blame for a wrong body but its sender");
  RAFTLY_CHECK(ParseJson(answer.body).ok(), "an answer is no JSON");
  RAFTLY_CHECK(answer.status == 200 || timings == Timings(), "what was refused changed something");
  RAFTLY_CHECK(timings.heartbeat < timings.election_timeout, "followers would not hear a heartbeat");
  if (answer.status != 200) return;
  const HttpResponse again = router.Ask({.method = "POST", .target = "/api/config", .body = answer.body});
  RAFTLY_CHECK(again.status == 200 && again.body == answer.body, "timings are not read as they are told");
}

}  // namespace

void FuzzJson(std::string_view input) {
  const auto flat = ParseJsonObject(input);
  const auto tree = ParseJson(input);
  RAFTLY_CHECK(flat.ok() || IsText(flat.status()), "an error is no text");
  RAFTLY_CHECK(tree.ok() || IsText(tree.status()), "an error is no text");
  // No input has kMaxJsonValues, so nothing but JSON's grammar and depth decides, here and there.
  RAFTLY_CHECK(flat.ok() == tree.ok(), "one reader refuses what the other takes");
  RAFTLY_CHECK(flat.ok() || !ParseStrings(input), "the quick reader takes what the others refuse");
  if (!tree.ok()) return;
  CheckSame(*flat, *tree);
  CheckStrings(*tree);
  CheckRules(std::string(input));
  CheckTimings(std::string(input));
}

std::vector<std::string> JsonSeeds() {
  return {
      R"({"value":"world"})",
      R"({ "value" : "\u00e4\ud83d\ude00\"\\\/\b\f\n\r\t" , "key":"ä" })",
      R"({"a":-12,"b":1.5e-3,"c":true,"d":false,"e":null,"f":[1,[2,{"g":"h"}]],"a":18446744073709551615})",
      R"({"rules":[{"id":"mine","from_node":"node1","to_node":"node2","action":"delay",)"
      R"("params":{"delay_ms":20,"jitter_ms":5.5}},{"action":"loss","params":{"loss_rate":0.1}},{"action":"drop"}]})",
      R"({"election_timeout_ms":150,"heartbeat_ms":50.0})",
      R"({"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":[[[[[[[[{}]]]]]]]]}}}}}}}})",
  };
}

}  // namespace raftly::fuzz
