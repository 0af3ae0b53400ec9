#include "server/client/raftly_client.h"

#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/client/answers.h"
#include "server/client/endpoints.h"
#include "server/http/url.h"
#include "server/kv/json.h"
#include "transport/tls_files.h"

namespace raftly::client {
namespace {

constexpr std::chrono::seconds kStatusPatience{5};

// 128 bits from the system: a seed would have 32.
std::string FreshKey() {
  std::random_device device;
  std::string key;
  for (int i = 0; i < 4; ++i) absl::StrAppend(&key, absl::Hex(device(), absl::kZeroPad8));
  return key;
}

std::string KeyTarget(const std::string& key) { return absl::StrCat("/keys/", PercentEncode(key)); }

Request Write(const char* method, const std::string& key, std::string body, const WriteOptions& options) {
  Request request{.method = method, .target = KeyTarget(key), .body = std::move(body)};
  if (options.if_version == 0U) {
    request.headers.emplace_back("If-None-Match", "*");
  } else if (options.if_version) {
    request.headers.emplace_back("If-Match", absl::StrCat("\"", *options.if_version, "\""));
  }
  return request;
}

absl::StatusOr<Answer> Perform(Endpoints& endpoints, Request request, const WriteOptions& options,
                               std::chrono::milliseconds deadline) {
  if (request.target == "/keys/") return absl::InvalidArgumentError("the key is empty");
  request.idempotency_key = options.idempotency_key.empty() ? FreshKey() : options.idempotency_key;
  const std::string key = request.idempotency_key;
  auto answer = endpoints.Ask(std::move(request), Clock::now() + deadline);
  if (!answer.ok()) return WithKey(answer.status(), key);
  if (answer->status != 200) return Refused(*answer, key);
  return answer;
}

absl::StatusOr<uint64_t> MadeVersion(const absl::StatusOr<Answer>& answer) {
  if (!answer.ok()) return answer.status();
  return VersionIn(answer->etag);
}

absl::StatusOr<Versioned> MadeValue(const absl::StatusOr<Answer>& answer) {
  if (!answer.ok()) return answer.status();
  return ReadValue(*answer);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Client>> Client::Open(ClientOptions options) {
  if (options.endpoints.empty()) return absl::InvalidArgumentError("no address of a server");
  std::vector<Endpoint> places;
  for (const std::string& text : options.endpoints) {
    auto place = ParseEndpoint(text);
    if (!place.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("address \"", text, "\": ", std::string(place.status().message())));
    }
    if (!place->tls && !options.authorities.empty()) {
      return absl::InvalidArgumentError(absl::StrCat("-ca: \"", text, "\" does not begin with https://"));
    }
    places.push_back(*std::move(place));
  }
  auto trust = ReadTlsFiles({.authorities = {"ca", options.authorities}});
  if (!trust.ok()) return trust.status();
  auto endpoints = std::make_unique<Endpoints>(std::move(places), *std::move(trust), std::move(options.token));
  return std::unique_ptr<Client>(new Client(std::move(endpoints), options.deadline));
}

Client::Client(std::unique_ptr<Endpoints> endpoints, std::chrono::milliseconds deadline)
    : endpoints_(std::move(endpoints)), deadline_(deadline) {}

Client::~Client() = default;

absl::StatusOr<Versioned> Client::Get(const std::string& key, const ReadOptions& options) {
  if (key.empty()) return absl::InvalidArgumentError("the key is empty");
  const auto answer =
      endpoints_->Ask({.method = "GET", .target = KeyTarget(key) + (options.stale ? "?consistency=stale" : "")},
                      Clock::now() + deadline_);
  if (!answer.ok()) return answer.status();
  if (answer->status != 200) return Refused(*answer);
  return ReadValue(*answer);
}

absl::StatusOr<uint64_t> Client::Put(const std::string& key, const std::string& value, const WriteOptions& options) {
  Request request = Write("PUT", key, absl::StrCat("{\"value\":", JsonString(value), "}"), options);
  request.plain = !options.if_version;
  return MadeVersion(Perform(*endpoints_, std::move(request), options, deadline_));
}

absl::StatusOr<uint64_t> Client::Delete(const std::string& key, const WriteOptions& options) {
  Request request = Write("DELETE", key, "", options);
  request.plain = !options.if_version;
  return MadeVersion(Perform(*endpoints_, std::move(request), options, deadline_));
}

absl::StatusOr<Versioned> Client::Add(const std::string& key, int64_t by, const WriteOptions& options) {
  return MadeValue(
      Perform(*endpoints_, Write("POST", key, absl::StrCat("{\"add\":", by, "}"), options), options, deadline_));
}

absl::StatusOr<Versioned> Client::Append(const std::string& key, const std::string& text, const WriteOptions& options) {
  const std::string body = absl::StrCat("{\"append\":", JsonString(text), "}");
  return MadeValue(Perform(*endpoints_, Write("POST", key, body, options), options, deadline_));
}

absl::StatusOr<Page> Client::List(const ListOptions& options) {
  Request request{.target = absl::StrCat("/keys?limit=", options.limit)};
  if (!options.prefix.empty()) absl::StrAppend(&request.target, "&prefix=", PercentEncode(options.prefix));
  if (!options.after.empty()) absl::StrAppend(&request.target, "&after=", PercentEncode(options.after));
  if (!options.values) request.target += "&values=false";
  if (options.stale) request.target += "&consistency=stale";
  const auto answer = endpoints_->Ask(std::move(request), Clock::now() + deadline_);
  if (!answer.ok()) return answer.status();
  if (answer->status != 200) return Refused(*answer);
  return ReadPage(answer->body);
}

absl::StatusOr<TransactionResult> Client::Transact(const Transaction& transaction, const WriteOptions& options) {
  const auto answer = TransactJson(ToJson(transaction), options);
  if (!answer.ok()) return answer.status();
  return ReadTransactionResult(*answer);
}

absl::StatusOr<std::string> Client::TransactJson(const std::string& json, const WriteOptions& options) {
  auto answer = Perform(*endpoints_, {.method = "POST", .target = "/api/txn", .body = json}, options, deadline_);
  if (!answer.ok()) return answer.status();
  return std::move(answer->body);
}

absl::StatusOr<std::string> Client::ServerStatus() {
  auto answer = endpoints_->AskOnce({.target = "/status"}, std::min<Clock::duration>(deadline_, kStatusPatience));
  if (!answer.ok()) return answer.status();
  if (answer->status != 200) return Refused(*answer);
  return std::move(answer->body);
}

}  // namespace raftly::client
