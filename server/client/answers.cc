#include "server/client/answers.h"

#include <string_view>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/kv/json.h"
#include "server/kv/json_value.h"

namespace raftly::client {
namespace {

// Where absl::Status keeps what it knows besides.
constexpr char kVersionPayload[] = "raftly/version";
constexpr char kKeyPayload[] = "raftly/idempotency-key";

constexpr std::string_view kOps[] = {"get", "put", "delete", "add", "append"};  // in the order of Step::Op

absl::Status Malformed(const absl::Status& why) {
  return absl::InternalError(absl::StrCat("the server's answer: ", std::string(why.message())));
}

absl::StatusCode CodeOf(int status) {
  switch (status) {
    case 401:
      return absl::StatusCode::kUnauthenticated;
    case 403:
      return absl::StatusCode::kPermissionDenied;
    case 404:
      return absl::StatusCode::kNotFound;
    case 409:
      return absl::StatusCode::kFailedPrecondition;
    case 410:
      return absl::StatusCode::kOutOfRange;
    case 412:
      return absl::StatusCode::kAborted;
    case 422:
      return absl::StatusCode::kAlreadyExists;
    case 501:
      return absl::StatusCode::kUnimplemented;
    case 507:
      return absl::StatusCode::kResourceExhausted;
    default:
      break;
  }
  return status >= 400 && status < 500 ? absl::StatusCode::kInvalidArgument : absl::StatusCode::kInternal;
}

uint64_t Version(JsonFields& fields, std::string_view name) {
  const auto number = fields.OptionalInteger(name);
  return number && *number > 0 ? static_cast<uint64_t>(*number) : 0;
}

std::string StepsToJson(const std::vector<Step>& steps) {
  std::string json = "[";
  for (const Step& step : steps) {
    const std::string_view op = kOps[static_cast<size_t>(step.op)];
    absl::StrAppend(&json, json.size() > 1 ? "," : "", "{\"op\":", JsonString(op), ",\"key\":", JsonString(step.key));
    if (step.op == Step::Op::kPut || step.op == Step::Op::kAppend) {
      absl::StrAppend(&json, ",\"value\":", JsonString(step.value));
    }
    if (step.op == Step::Op::kAdd) absl::StrAppend(&json, ",\"by\":", step.by);
    json += "}";
  }
  return json + "]";
}

}  // namespace

uint64_t VersionIn(const std::string& etag) {
  uint64_t version = 0;
  const bool quoted = etag.size() > 2 && etag.front() == '"' && etag.back() == '"';
  return quoted && absl::SimpleAtoi(etag.substr(1, etag.size() - 2), &version) ? version : 0;
}

absl::Status WithKey(absl::Status status, const std::string& key) {
  if (!key.empty()) status.SetPayload(kKeyPayload, absl::Cord(key));
  return status;
}

absl::Status Refused(const Answer& answer, const std::string& key) {
  absl::Status status(CodeOf(answer.status), Describe(answer));
  if (answer.status == 412) status.SetPayload(kVersionPayload, absl::Cord(absl::StrCat(VersionIn(answer.etag))));
  return WithKey(std::move(status), key);
}

std::optional<uint64_t> ConflictingVersion(const absl::Status& status) {
  const auto payload = status.GetPayload(kVersionPayload);
  uint64_t version = 0;
  if (!payload || !absl::SimpleAtoi(std::string(*payload), &version)) return std::nullopt;
  return version;
}

std::string IdempotencyKeyOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kKeyPayload);
  return payload ? std::string(*payload) : "";
}

absl::StatusOr<Versioned> ReadValue(const Answer& answer) {
  const auto object = ParseJsonObject(answer.body);
  if (!object.ok()) return object.status();
  const JsonField* value = object->Find("value");
  if (value == nullptr) return absl::InternalError("the server's answer has no field \"value\"");
  return Versioned{std::string(value->text), VersionIn(answer.etag)};
}

absl::StatusOr<Page> ReadPage(const std::string& body) {
  const auto json = ParseJson(body);
  if (!json.ok()) return Malformed(json.status());
  JsonFields fields(*json);
  Page page;
  page.next = fields.OptionalString("next");
  page.index = Version(fields, "index");
  const JsonValue* keys = fields.Array("keys");
  if (!fields.status().ok()) return Malformed(fields.status());
  page.keys.reserve(keys->items.size());
  for (const JsonValue& item : keys->items) {
    JsonFields found(item, "keys[].");
    page.keys.push_back({.key = found.String("key"), .value = found.OptionalString("value").value_or("")});
    page.keys.back().version = Version(found, "version");
    if (!found.status().ok()) return Malformed(found.status());
  }
  return page;
}

absl::StatusOr<TransactionResult> ReadTransactionResult(const std::string& body) {
  const auto json = ParseJson(body);
  if (!json.ok()) return Malformed(json.status());
  JsonFields fields(*json);
  TransactionResult out;
  const JsonValue* succeeded = json->Find("succeeded");
  out.succeeded = succeeded != nullptr && succeeded->boolean;
  out.index = Version(fields, "index");
  const JsonValue* results = fields.Array("results");
  if (!fields.status().ok()) return Malformed(fields.status());
  for (const JsonValue& item : results->items) {
    JsonFields result(item, "results[].");
    out.results.push_back(
        {.op = result.String("op"), .key = result.String("key"), .value = result.OptionalString("value")});
    out.results.back().version = Version(result, "version");
    if (!result.status().ok()) return Malformed(result.status());
  }
  return out;
}

absl::StatusOr<Change> ReadChange(const std::string& id, const std::string& data) {
  const auto json = ParseJson(data);
  if (!json.ok()) return Malformed(json.status());
  JsonFields fields(*json);
  Change change{.id = id, .deleted = fields.String("op") == "delete", .key = fields.String("key")};
  change.value = fields.OptionalString("value").value_or("");
  change.version = Version(fields, "version");
  if (!fields.status().ok()) return Malformed(fields.status());
  return change;
}

std::string ToJson(const Transaction& transaction) {
  std::string json = "{\"if\":[";
  for (const Transaction::Comparison& one : transaction.conditions) {
    absl::StrAppend(&json, json.back() == '[' ? "" : ",", "{\"key\":", JsonString(one.key),
                    ",\"version\":", one.version, "}");
  }
  absl::StrAppend(&json, "],\"then\":", StepsToJson(transaction.then), ",\"else\":", StepsToJson(transaction.otherwise),
                  "}");
  return json;
}

}  // namespace raftly::client
