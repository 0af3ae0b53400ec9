#include "server/http/chaos_rules.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/kv/json.h"

namespace raftly {
namespace {

using DoubleMs = std::chrono::duration<double, std::milli>;

std::string Number(double value) { return absl::StrFormat("%.10g", value); }
std::string Ms(Duration duration) { return Number(DoubleMs(duration).count()); }

std::string ParamsJson(const Rule& rule) {
  if (const auto* delay = std::get_if<Delay>(&rule.action)) {
    return absl::StrCat(",\"params\":{\"delay_ms\":", Ms(delay->delay), ",\"jitter_ms\":", Ms(delay->jitter), "}");
  }
  if (const auto* loss = std::get_if<Loss>(&rule.action)) {
    return absl::StrCat(",\"params\":{\"loss_rate\":", Number(loss->rate), "}");
  }
  return {};
}

std::string RuleJson(const Rule& rule) {
  std::string json = "{";
  const auto field = [&](const char* name, std::string_view value) {
    absl::StrAppend(&json, json.size() > 1 ? "," : "", "\"", name, "\":", JsonString(value));
  };
  if (!rule.id.empty()) field("id", rule.id);
  if (rule.from_node) field("from_node", *rule.from_node);
  if (rule.to_node) field("to_node", *rule.to_node);
  field("action", ActionName(rule));
  return json + ParamsJson(rule) + "}";
}

// The same error, told of a field within `path`.
absl::Status Within(const std::string& path, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::InvalidArgumentError(absl::StrCat(path, std::string(status.message())));
}

absl::Status ParseAction(JsonFields& fields, const std::string& path, Rule& rule) {
  const std::string action = fields.String("action");
  if (!fields.status().ok()) return fields.status();
  if (action == "drop") {
    rule.action = Drop{};
    return absl::OkStatus();
  }
  if (action != "delay" && action != "loss") {
    return absl::InvalidArgumentError(
        absl::StrCat("field \"", path, "action\" must be drop, delay or loss, not \"", action, "\""));
  }
  static const JsonValue kNone{.kind = JsonValue::Kind::kObject};
  const JsonValue* given = fields.OptionalObject("params");
  if (!fields.status().ok()) return fields.status();
  JsonFields params(given != nullptr ? *given : kNone, path + "params.");
  if (action == "loss") {
    rule.action = Loss{params.Number("loss_rate")};
    return params.status();
  }
  const double delay_ms = params.Number("delay_ms");
  const double jitter_ms = params.OptionalNumber("jitter_ms").value_or(0);
  if (!params.status().ok()) return params.status();
  const auto delay = MakeDelay(delay_ms, jitter_ms);
  if (!delay.ok()) return Within(path + "params.", delay.status());
  rule.action = *delay;
  return absl::OkStatus();
}

absl::StatusOr<Rule> ParseRule(const JsonValue& value, const std::string& path, absl::Span<const NodeId> nodes) {
  JsonFields fields(value, path);
  Rule rule;
  rule.id = fields.OptionalString("id").value_or("");
  rule.from_node = fields.OptionalString("from_node");
  rule.to_node = fields.OptionalString("to_node");
  absl::Status status = fields.status();
  status.Update(ParseAction(fields, path, rule));
  if (!status.ok()) return status;
  status.Update(Within(path, Validate(rule)));
  if (rule.from_node) status.Update(CheckNode(path + "from_node", *rule.from_node, nodes));
  if (rule.to_node) status.Update(CheckNode(path + "to_node", *rule.to_node, nodes));
  if (!status.ok()) return status;
  return rule;
}

}  // namespace

std::string ToJson(absl::Span<const Rule> rules) {
  std::string json = "[";
  for (const Rule& rule : rules) absl::StrAppend(&json, &rule == rules.data() ? "" : ",", RuleJson(rule));
  return json + "]";
}

absl::StatusOr<std::vector<Rule>> ParseRules(const std::string& body, absl::Span<const NodeId> nodes) {
  const auto object = ParseJson(body);
  if (!object.ok()) return object.status();
  JsonFields fields(*object);
  const JsonValue* array = fields.Array("rules");
  if (array == nullptr) return fields.status();
  std::vector<Rule> rules;
  for (const JsonValue& item : array->items) {
    auto rule = ParseRule(item, absl::StrCat("rules[", rules.size(), "]."), nodes);
    if (!rule.ok()) return rule.status();
    rules.push_back(*std::move(rule));
  }
  return rules;
}

absl::StatusOr<Delay> MakeDelay(double delay_ms, double jitter_ms) {
  const double most = DoubleMs(kMaxRuleDelay).count();
  const std::pair<const char*, double> both[] = {{"delay_ms", delay_ms}, {"jitter_ms", jitter_ms}};
  for (const auto& [name, ms] : both) {
    // Before it becomes a Duration, which it might not fit.
    if (ms >= 0 && ms <= most) continue;
    return absl::InvalidArgumentError(absl::StrCat(name, " must be 0 to ", Number(most), ", not ", Number(ms)));
  }
  return Delay{.delay = std::chrono::duration_cast<Duration>(DoubleMs(delay_ms)),
               .jitter = std::chrono::duration_cast<Duration>(DoubleMs(jitter_ms))};
}

absl::Status CheckNode(std::string_view field, const NodeId& node, absl::Span<const NodeId> nodes) {
  if (std::find(nodes.begin(), nodes.end(), node) != nodes.end()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("field \"", std::string(field), "\": there is no node \"", node, "\" in this cluster"));
}

}  // namespace raftly
