#include "server/http/kv_api.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "server/cluster/go_leader.h"
#include "server/http/url.h"
#include "server/kv/json.h"
#include "server/kv/number.h"

namespace raftly {
namespace {

using std::chrono::milliseconds;

constexpr Duration kRequestDeadline = milliseconds(5000);  // SPEC section 4
// The leader answers by the deadline, if only with an error that says more than we could. Its answer needs time too.
constexpr Duration kAnswerGrace = milliseconds(300);
// A read may be asked twice, so it does not spend all its time on a leader that hangs.
constexpr Duration kReadAttempt = milliseconds(1500);
// Who is asked before a write is handed to it does so at once, or is as good as dead.
constexpr milliseconds kProbe{500};
constexpr size_t kListedUsually = 100;
constexpr size_t kMostListed = 1000;
constexpr size_t kMostListedBytes = size_t{4} << 20;  // of keys and values

// A forwarder's client has been waiting already. Only ever less than the full deadline.
Duration Budget(const HttpRequest& request) {
  const std::string_view text = request.header(kTimeoutHeader);
  if (text.empty() || text.size() > 4) return kRequestDeadline;
  const bool digits = std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits) return kRequestDeadline;
  return std::min<Duration>(kRequestDeadline, milliseconds(std::stoi(std::string(text))));
}

// A page of keys that is asked for.
struct Listing {
  std::string prefix;
  std::string after;
  size_t limit = kListedUsually;
  bool values = true;
  bool stale = false;
};

absl::StatusOr<Listing> ListingOf(const HttpRequest& request) {
  Listing listing;
  const auto text = [&](std::string_view name, std::string& out) {
    const auto parameter = QueryParameter(request.query(), name);
    if (!parameter.ok()) return parameter.status();
    if (parameter->has_value()) out = **parameter;
    return absl::OkStatus();
  };
  std::string limit, values;
  for (const auto& [name, out] :
       {std::pair{"prefix", &listing.prefix}, {"after", &listing.after}, {"limit", &limit}, {"values", &values}}) {
    if (absl::Status status = text(name, *out); !status.ok()) return status;
  }
  if (!limit.empty()) {
    listing.limit = NumberIn<size_t>(limit).value_or(0);
    if (listing.limit < 1 || listing.limit > kMostListed) {
      return absl::InvalidArgumentError(absl::StrCat("limit: want 1 to ", kMostListed, ", not \"", limit, "\""));
    }
  }
  if (!values.empty() && values != "true" && values != "false") {
    return absl::InvalidArgumentError("values: want true or false");
  }
  listing.values = values != "false";
  const auto stale = WantsStale(request);
  if (!stale.ok()) return stale.status();
  listing.stale = *stale;
  return listing;
}

HttpResponse PageOf(const KvStore::Page& page, bool values) {
  std::string json = "{\"keys\":[";
  for (const auto& [key, found] : page.keys) {
    if (json.back() == '}') json += ',';
    json += "{\"key\":";
    AppendJsonString(json, key);
    if (values) {
      json += ",\"value\":";
      AppendJsonString(json, found.value.view());
    }
    absl::StrAppend(&json, ",\"version\":", found.version.value, "}");
  }
  json += "],\"next\":";
  page.next.empty() ? json.append("null") : json.append(JsonString(page.next));
  absl::StrAppend(&json, ",\"index\":", page.applied.value, "}");
  return {.body = std::move(json)};
}

// What a client should see of the leader's answer; the rest is between the two nodes.
HttpResponse Relay(HttpResponse response) {
  // Its errors are text.
  if (AnsweredByGo(response) && response.status >= 400) {
    absl::StripAsciiWhitespace(&response.body);
    return ErrorResponse(response.status, response.body);
  }
  HttpHeaders kept;
  for (const char* name : {"Raftly-Node", "ETag", "Retry-After", "Allow"}) {
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
  for (const char* method : {"GET", "PUT", "DELETE", "POST"}) {
    router.Add(method, kKeysPrefix,
               [this](const HttpRequest& request, HttpReply reply) { Handle(request, std::move(reply)); });
  }
  router.Add("POST", kTransactionPath,
             [this](const HttpRequest& request, HttpReply reply) { Handle(request, std::move(reply)); });
  router.Add("GET", "/keys",
             [this](const HttpRequest& request, HttpReply reply) { HandleList(request, std::move(reply)); });
}

KvOptions KvApi::OptionsOf(const HttpRequest& request) const {
  const Time received = request.received == Time() ? service_.Now() : request.received;
  return {.deadline = received + Budget(request), .forwarded = !request.header(kForwardedHeader).empty()};
}

// One attempt, and only where that is not enough somebody waits.
void KvApi::Handle(const HttpRequest& request, HttpReply reply) {
  if (TakesLong(request)) {  // the poller has others to serve
    return reply.AfterWaiting([this, &request] {
      const auto wish = WishOf(request);
      return wish.ok() ? Run(request, *wish) : AnswerTo(wish.status());
    });
  }
  auto wished = WishOf(request);
  if (!wished.ok()) return reply(AnswerTo(wished.status()));
  const auto wish = std::make_shared<KvWish>(*std::move(wished));
  const KvOptions options = OptionsOf(request);
  // Nothing is waited for where its time is over already.
  if (service_.Now() >= options.deadline) return reply(Run(request, *wish));
  if (wish->kind == KvWish::Kind::kReadStale) {
    return reply([wish, result = service_.GetStale(wish->key)] { return AnswerTo(*wish, result); });
  }
  auto done = [this, &request, wish, reply = std::move(reply)](std::optional<KvResult> result) mutable {
    if (!result) return reply.AfterWaiting([this, &request, wish] { return Run(request, *wish); });
    reply([wish, result = *std::move(result)] { return AnswerTo(*wish, result); });
  };
  wish->reads() ? service_.TryGet(wish->key, options, std::move(done))
                : service_.TryWrite(wish->write, options, std::move(done));
}

void KvApi::HandleList(const HttpRequest& request, HttpReply reply) {
  const auto listing = ListingOf(request);
  if (!listing.ok()) return reply(BadRequest(listing.status()));
  const auto page = [this, listing = *listing] {
    return PageOf(service_.List(listing.prefix, listing.after, listing.limit, kMostListedBytes), listing.values);
  };
  if (listing->stale) return reply(HttpAnswer(page));
  const KvOptions options = OptionsOf(request);
  service_.TryCatchUp(options, [this, options, page, reply = std::move(reply)](std::optional<KvResult> result) mutable {
    if (result && result->code == KvResult::Code::kOk) return reply(HttpAnswer(page));
    if (result) return reply(FailureOf(*result));
    reply.AfterWaiting([this, options, page] {
      KvResult caught_up = service_.CatchUp(options);
      if (caught_up.code == KvResult::Code::kNotLeader) {
        caught_up = {.code = KvResult::Code::kNotUnderstood, .message = caught_up.leader + " lists no keys"};
      }
      return caught_up.code == KvResult::Code::kOk ? page() : FailureOf(caught_up);
    });
  });
}

// ---- A leader that takes nothing from other nodes: asked over HTTP -------------------------------------------------

HttpResponse KvApi::Run(const HttpRequest& request, const KvWish& wish) {
  const KvOptions options = OptionsOf(request);
  const Time deadline = options.deadline;
  if (service_.Now() >= deadline) return ErrorResponse(503, "the server is too busy: the request was not tried");
  while (true) {
    const KvResult result = wish.reads() ? service_.Get(wish.key, options) : service_.Write(wish.write, options);
    if (result.code != KvResult::Code::kNotLeader || options.forwarded) return AnswerTo(wish, result);
    if (wish.write.features != 0) {
      return FailureOf(
          {.code = KvResult::Code::kNotUnderstood, .message = result.leader + " does not understand this"});
    }
    PeerAnswer answer = wish.reads()
                            ? Forward(request, result.leader, deadline - service_.Now())
                            : ForwardWrite(request, result.leader, DecodeCommand(wish.write.command), deadline);
    switch (answer.outcome) {
      case PeerAnswer::Outcome::kNoAddress:
        return ErrorResponse(503, answer.error);
      case PeerAnswer::Outcome::kAnswered:
        if (answer.response.status != 503) return Relay(std::move(answer.response));
        break;  // certainly not applied
      case PeerAnswer::Outcome::kNoAnswer:
        // The leader may have the write. Sent again it could overwrite what somebody else wrote in between.
        if (!wish.reads()) {
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
  if (request.method == "GET" || request.method == "HEAD") left = std::min(left, kReadAttempt);
  left = std::max(left, Duration(milliseconds(1)));
  HttpRequest out{.method = request.method, .target = request.target, .headers = {}, .body = request.body};
  out.caller = request.caller;
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
