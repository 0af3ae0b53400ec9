#include "server/http/kv_api.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "server/cluster/go_leader.h"
#include "server/http/url.h"
#include "server/kv/json.h"

namespace raftly {
namespace {

using std::chrono::milliseconds;

constexpr char kPrefix[] = "/keys/";
constexpr Duration kRequestDeadline = milliseconds(5000);  // SPEC section 4
// The leader answers by the deadline, if only with an error that says more than we could. Its answer needs time too.
constexpr Duration kAnswerGrace = milliseconds(300);
// A read may be asked twice, so it does not spend all its time on a leader that hangs.
constexpr Duration kReadAttempt = milliseconds(1500);
// Who is asked before a write is handed to it does so at once, or is as good as dead.
constexpr milliseconds kProbe{500};
// A millisecond's work, where a body is not only strings.
constexpr size_t kLongToParse = size_t{64} << 10;

bool IsRead(const HttpRequest& request) { return request.method == "GET" || request.method == "HEAD"; }

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

HttpResponse AnswerTo(const std::string& key, const KvResult& result, bool read) {
  using Code = KvResult::Code;
  switch (result.code) {
    case Code::kOk:
      if (!read && !result.leader.empty()) return {.headers = {{"Raftly-Node", result.leader}}};
      if (!read) return {};
      return {.body = PairJson(key, result.value.view())};
    case Code::kNotFound:
      return ErrorResponse(404, result.message);
    case Code::kInvalid:
      return ErrorResponse(400, result.message);
    case Code::kTooLong:
      return ErrorResponse(413, result.message);
    case Code::kUnknown:
      return ErrorResponse(504, "outcome unknown: " + result.message);
    case Code::kDiskFull:
      return ErrorResponse(507, result.message);
    case Code::kNotLeader:
    case Code::kUnavailable:
      break;
  }
  return ErrorResponse(503, result.message);
}

absl::StatusOr<std::string> KeyOf(const HttpRequest& request) {
  return PercentDecode(request.path().substr(sizeof kPrefix - 1));
}

// Whether this node's own state will do.
absl::StatusOr<bool> WantsStale(const HttpRequest& request) {
  const auto consistency = QueryParameter(request.query(), "consistency");
  if (!consistency.ok()) return consistency.status();
  if (!consistency->has_value()) return false;
  if (**consistency == "stale") return true;
  return absl::InvalidArgumentError("consistency: want \"stale\" or nothing");
}

// The string field "value" of a PUT's body.
absl::StatusOr<std::string_view> ValueOf(const absl::StatusOr<JsonObject>& body) {
  if (!body.ok()) return body.status();
  const JsonField* value = body->Find("value");
  if (value == nullptr) return absl::InvalidArgumentError("field \"value\" is missing");
  if (value->kind != JsonField::Kind::kString) return absl::InvalidArgumentError("field \"value\" is not a string");
  return value->text;
}

// A forwarder's client has been waiting already. Only ever less than the full deadline.
Duration Budget(const HttpRequest& request) {
  const std::string_view text = request.header(kTimeoutHeader);
  if (text.empty() || text.size() > 4) return kRequestDeadline;
  const bool digits = std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits) return kRequestDeadline;
  return std::min<Duration>(kRequestDeadline, milliseconds(std::stoi(std::string(text))));
}

HttpAnswer Later(std::string key, KvResult result, bool read) {
  return [key = std::move(key), result = std::move(result), read] { return AnswerTo(key, result, read); };
}

KvService::TryDone Answering(std::string key, bool read, HttpReply reply, HttpAnswer otherwise) {
  return [key = std::move(key), read, reply = std::move(reply),
          otherwise = std::move(otherwise)](std::optional<KvResult> result) mutable {
    if (!result) return reply.AfterWaiting(std::move(otherwise));
    reply(Later(std::move(key), *std::move(result), read));
  };
}

// What a client should see of the leader's answer; the rest is between the two nodes.
HttpResponse Relay(HttpResponse response) {
  // Its errors are text.
  if (AnsweredByGo(response) && response.status >= 400) {
    absl::StripAsciiWhitespace(&response.body);
    return ErrorResponse(response.status, response.body);
  }
  HttpHeaders kept;
  for (const char* name : {"Raftly-Node", "Retry-After", "Allow"}) {
    const std::string_view value = FindHeader(response.headers, name);
    if (!value.empty()) kept.emplace_back(name, value);
  }
  response.headers = std::move(kept);
  return response;
}

PeerAnswer Unconfirmed(const HttpResponse& response) {
  return {PeerAnswer::Outcome::kNoAnswer,
          {},
          absl::StrCat("a Go server; its answer, HTTP ", response.status,
                       ", is no proof, and the write is not in this node's log")};
}

}  // namespace

KvApi::KvApi(NodeId self, KvService& service, PeerCaller& peers, WriteWatch& writes)
    : self_(std::move(self)), service_(service), peers_(peers), writes_(writes) {}

void KvApi::Register(Router& router) {
  using Blocking = HttpResponse (KvApi::*)(const HttpRequest&);
  using Prompt = void (KvApi::*)(const HttpRequest&, HttpReply, HttpAnswer);
  const auto add = [&](std::string_view method, Blocking blocking, Prompt prompt) {
    router.Add(method, kPrefix, [this, blocking, prompt](const HttpRequest& request, HttpReply reply) {
      HttpAnswer otherwise = [this, blocking, &request] { return (this->*blocking)(request); };
      // Nothing is waited for where its time is over already.
      if (service_.Now() >= OptionsOf(request).deadline) return reply(std::move(otherwise));
      (this->*prompt)(request, std::move(reply), std::move(otherwise));
    });
  };
  add("GET", &KvApi::Get, &KvApi::TryGet);
  add("PUT", &KvApi::Put, &KvApi::TryPut);
  add("DELETE", &KvApi::Delete, &KvApi::TryDelete);
}

HttpResponse KvApi::Put(const HttpRequest& request) {
  const auto key = KeyOf(request);
  if (!key.ok()) return BadRequest(key.status());
  const auto body = ParseJsonObject(request.body);
  const auto value = ValueOf(body);
  if (!value.ok()) return BadRequest(value.status());
  const Command write{Command::Op::kPut, *key, std::string(*value)};
  return Run(request, *key, &write, [&](const KvOptions& options) { return service_.Put(*key, *value, options); });
}

HttpResponse KvApi::Get(const HttpRequest& request) {
  const auto key = KeyOf(request);
  if (!key.ok()) return BadRequest(key.status());
  const auto stale = WantsStale(request);
  if (!stale.ok()) return BadRequest(stale.status());
  if (*stale) return AnswerTo(*key, service_.GetStale(*key), true);
  return Run(request, *key, nullptr, [&](const KvOptions& options) { return service_.Get(*key, options); });
}

HttpResponse KvApi::Delete(const HttpRequest& request) {
  const auto key = KeyOf(request);
  if (!key.ok()) return BadRequest(key.status());
  const Command write{Command::Op::kDelete, *key, {}};
  return Run(request, *key, &write, [&](const KvOptions& options) { return service_.Delete(*key, options); });
}

void KvApi::TryPut(const HttpRequest& request, HttpReply reply, HttpAnswer otherwise) {
  const auto key = KeyOf(request);
  if (!key.ok()) return reply(BadRequest(key.status()));
  auto strings = ParseStrings(request.body);
  // The poller has others to serve.
  if (!strings && request.body.size() > kLongToParse) return reply.AfterWaiting(std::move(otherwise));
  const auto body = strings ? *std::move(strings) : ParseJsonObject(request.body);
  const auto value = ValueOf(body);
  if (!value.ok()) return reply(BadRequest(value.status()));
  service_.TryPut(*key, *value, OptionsOf(request), Answering(*key, false, std::move(reply), std::move(otherwise)));
}

void KvApi::TryGet(const HttpRequest& request, HttpReply reply, HttpAnswer otherwise) {
  const auto key = KeyOf(request);
  if (!key.ok()) return reply(BadRequest(key.status()));
  const auto stale = WantsStale(request);
  if (!stale.ok()) return reply(BadRequest(stale.status()));
  if (*stale) return reply(Later(*key, service_.GetStale(*key), true));
  service_.TryGet(*key, OptionsOf(request), Answering(*key, true, std::move(reply), std::move(otherwise)));
}

void KvApi::TryDelete(const HttpRequest& request, HttpReply reply, HttpAnswer otherwise) {
  const auto key = KeyOf(request);
  if (!key.ok()) return reply(BadRequest(key.status()));
  service_.TryDelete(*key, OptionsOf(request), Answering(*key, false, std::move(reply), std::move(otherwise)));
}

KvOptions KvApi::OptionsOf(const HttpRequest& request) const {
  const Time received = request.received == Time() ? service_.Now() : request.received;
  return {.deadline = received + Budget(request), .forwarded = !request.header(kForwardedHeader).empty()};
}

HttpResponse KvApi::Run(const HttpRequest& request, const std::string& key, const Command* write,
                        const Operation& operation) {
  const KvOptions options = OptionsOf(request);
  const Time deadline = options.deadline;
  if (service_.Now() >= deadline) return ErrorResponse(503, "the server is too busy: the request was not tried");
  while (true) {
    const KvResult result = operation(options);
    if (result.code != KvResult::Code::kNotLeader || options.forwarded) return AnswerTo(key, result, IsRead(request));
    PeerAnswer answer = write != nullptr ? ForwardWrite(request, result.leader, *write, deadline)
                                         : Forward(request, result.leader, deadline - service_.Now());
    switch (answer.outcome) {
      case PeerAnswer::Outcome::kNoAddress:
        return ErrorResponse(503, answer.error);
      case PeerAnswer::Outcome::kAnswered:
        if (answer.response.status != 503) return Relay(std::move(answer.response));
        break;  // certainly not applied
      case PeerAnswer::Outcome::kNoAnswer:
        // The leader may have the write. Sent again it could overwrite what somebody else wrote in between.
        if (write != nullptr) {
          return ErrorResponse(504, "outcome unknown: sent to " + result.leader + ": " + answer.error);
        }
        break;
      case PeerAnswer::Outcome::kNotSent:
        break;
    }
    if (service_.AwaitNews(result.leader, deadline)) continue;
    if (answer.outcome == PeerAnswer::Outcome::kAnswered) return Relay(std::move(answer.response));
    return ErrorResponse(503, "the leader " + result.leader + " cannot be reached: " + answer.error);
  }
}

PeerAnswer KvApi::Forward(const HttpRequest& request, const NodeId& leader, Duration left) {
  if (IsRead(request)) left = std::min(left, kReadAttempt);
  left = std::max(left, Duration(milliseconds(1)));
  HttpRequest out{.method = request.method, .target = request.target, .headers = {}, .body = request.body};
  const auto budget = std::chrono::ceil<milliseconds>(left);
  out.headers = {{kForwardedHeader, self_}, {kTimeoutHeader, std::to_string(budget.count())}};
  if (!out.body.empty()) out.headers.emplace_back("Content-Type", "application/json");
  return peers_.Call(leader, out, std::chrono::ceil<milliseconds>(left + kAnswerGrace));
}

PeerAnswer KvApi::ForwardWrite(const HttpRequest& request, const NodeId& leader, const Command& write, Time deadline) {
  const bool ours = [&] {
    MutexLock lock(mutex_);
    return ours_.contains(leader);
  }();
  if (!ours) return ForwardToUnknown(request, leader, write, deadline);
  PeerAnswer answer = Forward(request, leader, deadline - service_.Now());
  if (answer.outcome != PeerAnswer::Outcome::kAnswered || !AnsweredByGo(answer.response)) return answer;
  MutexLock lock(mutex_);
  ours_.erase(leader);
  return Unconfirmed(answer.response);
}

PeerAnswer KvApi::ForwardToUnknown(const HttpRequest& request, const NodeId& leader, const Command& write,
                                   Time deadline) {
  const WriteWatch::Expected expected(writes_, write);
  const auto probe = ProbeLeader(peers_, leader, kProbe);
  if (!probe.ok()) return {PeerAnswer::Outcome::kNotSent, {}, std::string(probe.status().message())};
  PeerAnswer answer = Forward(request, leader, deadline - service_.Now());
  if (answer.outcome != PeerAnswer::Outcome::kAnswered) return answer;
  if (!AnsweredByGo(answer.response)) {
    MutexLock lock(mutex_);
    if (!probe->go) ours_.insert(leader);
    return answer;
  }
  const int status = answer.response.status;
  if (status >= 400 && status < 500) return answer;  // of the request itself: it was not tried
  const bool confirmed = probe->go && status == 200 && expected.Await(probe->end.term, probe->end.index, deadline);
  // It is this node that answers.
  if (confirmed) return {PeerAnswer::Outcome::kAnswered, {.headers = {{"Raftly-Node", self_}}}, {}};
  return Unconfirmed(answer.response);
}

}  // namespace raftly
