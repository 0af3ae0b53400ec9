#include "server/http/kv_wish.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/http/url.h"
#include "server/kv/json.h"
#include "server/kv/number.h"
#include "server/kv/utf8.h"

namespace raftly {
namespace {

// A millisecond's work, where a body is not only strings.
constexpr size_t kLongToParse = size_t{64} << 10;
constexpr char kIdempotencyKey[] = "Idempotency-Key";
constexpr size_t kLongestIdempotencyKey = 64;

// At once as large as it is to be, with its newline, if nothing has to be escaped.
std::string PairJson(std::string_view key, std::string_view value) {
  std::string json;
  json.reserve(key.size() + value.size() + 24);
  json += "{\"key\":";
  AppendJsonString(json, key);
  json += ",\"value\":";
  AppendJsonString(json, value);
  json += "}";
  return json;
}

// "17", quotes included: versions are strong validators (RFC 9110, section 8.8.3).
std::string ETag(Index version) { return absl::StrCat("\"", version.value, "\""); }

// What a write asks for besides.
absl::StatusOr<Condition> ConditionOf(const HttpRequest& request) {
  const std::string_view match = request.header("If-Match");
  const std::string_view none = request.header("If-None-Match");
  if (match.empty() && none.empty()) return Condition();
  if (!match.empty() && !none.empty())
    return absl::InvalidArgumentError("If-Match and If-None-Match exclude each other");
  if (match.empty()) {
    if (none == "*") return Condition(0);
    return absl::InvalidArgumentError("If-None-Match: want *");
  }
  const bool quoted = match.size() > 2 && match.front() == '"' && match.back() == '"';
  const auto version = quoted ? NumberIn<uint64_t>(match.substr(1, match.size() - 2)) : std::nullopt;
  if (!version || *version == 0) return absl::InvalidArgumentError("If-Match: want one version in quotes");
  return Condition(*version);
}

absl::StatusOr<JsonObject> ObjectIn(const std::string& body) {
  if (auto strings = ParseStrings(body)) return *std::move(strings);
  return ParseJsonObject(body);
}

absl::StatusOr<std::string_view> StringIn(const JsonObject& body, std::string_view name) {
  const JsonField* field = body.Find(name);
  if (field == nullptr) return absl::InvalidArgumentError(absl::StrCat("field \"", std::string(name), "\" is missing"));
  if (field->kind == JsonField::Kind::kString) return field->text;
  return absl::InvalidArgumentError(absl::StrCat("field \"", std::string(name), "\" is not a string"));
}

absl::StatusOr<KvWrite> PutIn(const HttpRequest& request, const std::string& key, Condition condition) {
  const auto body = ObjectIn(request.body);
  if (!body.ok()) return body.status();
  const auto value = StringIn(*body, "value");
  if (!value.ok()) return value.status();
  return PutOf(key, *value, condition);
}

// {"add":N} or {"append":"..."}
absl::StatusOr<KvWrite> ChangeIn(const HttpRequest& request, const std::string& key, Condition condition) {
  const auto body = ObjectIn(request.body);
  if (!body.ok()) return body.status();
  const JsonField* add = body->Find("add");
  const bool append = body->Find("append") != nullptr;
  if ((add != nullptr) == append) return absl::InvalidArgumentError("want one of the fields \"add\" and \"append\"");
  if (append) {
    const auto value = StringIn(*body, "append");
    if (!value.ok()) return value.status();
    return AppendOf(key, *value, condition);
  }
  const auto by = add->kind == JsonField::Kind::kNumber ? NumberIn<int64_t>(add->text) : std::nullopt;
  if (!by) return absl::InvalidArgumentError("field \"add\" is not an integer of 64 bits");
  return AddOf(key, *by, condition);
}

int StatusOf(KvResult::Code code) {
  using Code = KvResult::Code;
  switch (code) {
    case Code::kOk:
      return 200;
    case Code::kNotFound:
      return 404;
    case Code::kElse:
      return 412;
    case Code::kConflict:
      return 409;
    case Code::kOtherRequest:
      return 422;
    case Code::kInvalid:
      return 400;
    case Code::kTooLong:
      return 413;
    case Code::kUnknown:
      return 504;
    case Code::kDiskFull:
      return 507;
    case Code::kNotUnderstood:
      return 501;
    case Code::kNotLeader:
    case Code::kUnavailable:
      break;
  }
  return 503;
}

absl::StatusOr<KvWish> WishWithoutKey(const HttpRequest& request) {
  if (request.path() == kTransactionPath) {
    auto write = TransactionOf(request.body);
    if (!write.ok()) return write.status();
    return KvWish{.kind = KvWish::Kind::kWrite, .key = {}, .write = *std::move(write), .tells = KvWish::Tells::kJson};
  }
  auto key = PercentDecode(request.path().substr(sizeof kKeysPrefix - 1));
  if (!key.ok()) return key.status();
  KvWish wish{.key = *std::move(key)};
  if (request.method == "GET" || request.method == "HEAD") {
    const auto stale = WantsStale(request);
    if (!stale.ok()) return stale.status();
    if (*stale) wish.kind = KvWish::Kind::kReadStale;
    return wish;
  }
  const auto condition = ConditionOf(request);
  if (!condition.ok()) return condition.status();
  wish.kind = KvWish::Kind::kWrite;
  const bool changes = request.method == "POST";
  if (changes) wish.tells = KvWish::Tells::kValue;
  auto write = changes                      ? ChangeIn(request, wish.key, *condition)
               : request.method == "DELETE" ? DeleteOf(wish.key, *condition)
                                            : PutIn(request, wish.key, *condition);
  if (!write.ok()) return write.status();
  wish.write = *std::move(write);
  return wish;
}

}  // namespace

bool TakesLong(const HttpRequest& request) { return request.body.size() > kLongToParse && !ParseStrings(request.body); }

// Whether this node's own state will do.
absl::StatusOr<bool> WantsStale(const HttpRequest& request) {
  const auto consistency = QueryParameter(request.query(), "consistency");
  if (!consistency.ok()) return consistency.status();
  if (!consistency->has_value()) return false;
  if (**consistency == "stale") return true;
  return absl::InvalidArgumentError("consistency: want \"stale\" or nothing");
}

absl::StatusOr<KvWish> WishOf(const HttpRequest& request) {
  auto wish = WishWithoutKey(request);
  if (!wish.ok() || wish->reads()) return wish;
  const auto header = std::find_if(request.headers.begin(), request.headers.end(),
                                   [](const auto& one) { return absl::EqualsIgnoreCase(one.first, kIdempotencyKey); });
  if (header == request.headers.end()) return wish;
  const std::string_view key = header->second;
  if (key.empty() || key.size() > kLongestIdempotencyKey || !IsUtf8(key)) {
    return absl::InvalidArgumentError(absl::StrCat("Idempotency-Key: want 1 to ", kLongestIdempotencyKey, " bytes"));
  }
  wish->write = Once(std::move(wish->write), key);
  return wish;
}

HttpResponse AnswerTo(const absl::Status& wrong) {
  return absl::IsOutOfRange(wrong) ? ErrorResponse(413, std::string(wrong.message())) : BadRequest(wrong);
}

HttpResponse FailureOf(const KvResult& result) {
  const char* prefix = result.code == KvResult::Code::kUnknown ? "outcome unknown: " : "";
  return ErrorResponse(StatusOf(result.code), prefix + result.message);
}

HttpResponse AnswerTo(const KvWish& wish, const KvResult& result) {
  HttpResponse response = result.code == KvResult::Code::kOk ? HttpResponse() : FailureOf(result);
  if (result.code == KvResult::Code::kOk && wish.reads()) response.body = PairJson(wish.key, result.value.view());
  if (result.code == KvResult::Code::kOk && wish.tells == KvWish::Tells::kJson) {
    response.body = std::string(result.value.view());
  } else if (result.code == KvResult::Code::kOk && wish.tells == KvWish::Tells::kValue) {
    response.body =
        absl::StrCat("{\"value\":", JsonString(result.value.view()), ",\"version\":", result.version.value, "}");
  }
  if (result.version && wish.tells != KvWish::Tells::kJson) response.headers.emplace_back("ETag", ETag(result.version));
  const bool there = !result.leader.empty() && result.code != KvResult::Code::kNotLeader;
  if (there) response.headers.emplace_back("Raftly-Node", result.leader);
  return response;
}

}  // namespace raftly
