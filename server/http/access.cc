#include "server/http/access.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "server/http/url.h"
#include "server/kv/json.h"
#include "server/kv/transaction.h"

namespace raftly {
namespace {

constexpr std::string_view kKeys = "/keys/";
// Of JSON that holds a token.
constexpr size_t kMostOfASession = 4096;

Time SteadyNow() { return Time(std::chrono::steady_clock::now().time_since_epoch()); }

std::string CookieName(const NodeId& node) {
  std::string name = "raftly-";
  for (const char c : node) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    name.push_back(plain ? c : '_');
  }
  return name;
}

std::string_view BearerOf(const HttpRequest& request) {
  constexpr std::string_view kScheme = "Bearer ";
  std::string_view value = request.header("Authorization");
  const std::string_view scheme = value.substr(0, kScheme.size());
  if (!absl::EqualsIgnoreCase({scheme.data(), scheme.size()}, {kScheme.data(), kScheme.size()})) return {};
  value.remove_prefix(kScheme.size());
  while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  return value;
}

// The value of the cookie of this name; empty where there is none.
std::string_view CookieOf(const HttpRequest& request, std::string_view name) {
  std::string_view all = request.header("Cookie");
  while (!all.empty()) {
    const size_t end = std::min(all.find(';'), all.size());
    std::string_view one = all.substr(0, end);
    while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
    if (one.size() > name.size() && one[name.size()] == '=' && one.substr(0, name.size()) == name) {
      return one.substr(name.size() + 1);
    }
    all.remove_prefix(std::min(end + 1, all.size()));
  }
  return {};
}

HttpResponse Unauthorized(const std::string& why) {
  HttpResponse response = ErrorResponse(401, why);
  response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"raftly\"");
  return response;
}

constexpr std::string_view kUnknown = "the token is not known here, or not any more";

bool BeginsSession(const HttpRequest& request) { return request.method == "POST" && request.path() == "/api/session"; }

// What a page hands over to begin a session.
absl::StatusOr<std::string> TokenIn(const HttpRequest& request) {
  if (request.body.size() > kMostOfASession) return absl::OutOfRangeError("more than a token");
  const auto body = ParseJsonObject(request.body);
  if (!body.ok()) return body.status();
  const JsonField* token = body->Find("token");
  if (token == nullptr || token->kind != JsonField::Kind::kString) {
    return absl::InvalidArgumentError("field \"token\" is missing, or no string");
  }
  return std::string(token->text);
}

HttpResponse NoToken(const absl::Status& why) {
  return absl::IsOutOfRange(why) ? ErrorResponse(413, std::string(why.message())) : BadRequest(why);
}

bool Covers(const std::vector<std::string>& prefixes, std::string_view text) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [text](const std::string& prefix) { return text.substr(0, prefix.size()) == prefix; });
}

std::optional<AccessRole> Missing(const Need& need, const Caller& caller) {
  for (const auto& role : {need.role, need.also}) {
    if (role && !caller.Has(*role)) return role;
  }
  return std::nullopt;
}

bool Covers(const std::vector<std::string>& prefixes, const Transaction& transaction) {
  const auto covered = [&](const auto& step) { return Covers(prefixes, step.key); };
  const auto all = [&](const auto& steps) { return std::all_of(steps.begin(), steps.end(), covered); };
  return all(transaction.checks) && all(transaction.then) && all(transaction.otherwise);
}

// A token with prefixes is for keys, and for those alone: everything else would show other keys as well.
bool WithinPrefixes(const HttpRequest& request, const Caller& caller) {
  if (caller.prefixes.empty() || request.path() == "/status") return true;
  if (request.path().substr(0, kKeys.size()) == kKeys) {
    const auto key = PercentDecode(request.path().substr(kKeys.size()));
    return !key.ok() || Covers(caller.prefixes, *key);  // no key at all is refused as that
  }
  if (request.path() == "/api/txn") {
    const auto transaction = ParseTransaction(request.body);
    return !transaction.ok() || Covers(caller.prefixes, *transaction);  // likewise
  }
  if (request.path() != "/keys" && request.path() != "/api/watch") return false;
  const auto prefix = QueryParameter(request.query(), "prefix");
  return prefix.ok() && prefix->has_value() && Covers(caller.prefixes, **prefix);
}

}  // namespace

std::string CallerHeader(const Caller& caller) { return absl::StrCat(caller.name, ";", NamesOf(caller.roles)); }

Access::Access(std::function<bool(const NodeId&)> is_node, NodeId self, std::function<std::string()> random)
    : is_node_(std::move(is_node)), cookie_(CookieName(self)), sessions_(std::move(random)) {}

void Access::SetTokens(std::shared_ptr<const TokenTable> tokens) {
  {
    MutexLock lock(mutex_);
    tokens_.swap(tokens);
  }
  ++changes_;
}

std::shared_ptr<const TokenTable> Access::Tokens() const {
  MutexLock lock(mutex_);
  return tokens_;
}

// What a node says for whom it asks; for itself it only reads. Null: no node asks.
std::shared_ptr<const Caller> Access::NodesCaller(const HttpRequest& request) const {
  if (request.client == nullptr) return nullptr;
  const auto& shown = request.client->nodes;
  const auto node = std::find_if(shown.begin(), shown.end(), is_node_);
  if (node == shown.end()) return nullptr;
  Caller caller{.name = *node, .roles = {AccessRole::kRead}};
  const std::string_view header = request.header(kCallerHeader);
  const size_t semicolon = header.find(';');
  if (semicolon != std::string_view::npos && IsTokenName(header.substr(0, semicolon))) {
    caller = {.name = std::string(header.substr(0, semicolon)), .roles = {}};
    for (const auto name : absl::StrSplit(std::string(header.substr(semicolon + 1)), ',')) {
      if (const auto role = ParseRole({name.data(), name.size()}); role.ok()) caller.roles.insert(*role);
    }
  }
  return std::make_shared<const Caller>(std::move(caller));
}

std::shared_ptr<const Caller> Access::WhoAsks(const HttpRequest& request, const TokenTable& tokens) const {
  const std::string_view bearer = BearerOf(request);
  if (!bearer.empty()) return tokens.Find(DigestOf(bearer));
  if (auto caller = NodesCaller(request)) return caller;
  const std::string_view cookie = CookieOf(request, cookie_);
  if (cookie.empty()) return nullptr;
  const auto token = sessions_.Find(cookie, SteadyNow());
  return token ? tokens.Find(*token) : nullptr;
}

Access::Decision Access::Decide(const HttpRequest& request, bool served) const {
  const auto tokens = Tokens();
  if (tokens == nullptr) return {};
  if (BeginsSession(request)) return DecideLogin(request, *tokens);
  const auto need = NeedOf(request.method, request.path());
  if (need && !need->role) return {.caller = WhoAsks(request, *tokens)};
  Decision decision{.caller = WhoAsks(request, *tokens)};
  if (decision.caller == nullptr) {
    const bool shown = !BearerOf(request).empty() || !CookieOf(request, cookie_).empty();
    const std::string role = need ? absl::StrCat(" with the role ", NameOf(*need->role)) : "";
    decision.refusal = Unauthorized(shown ? "the token or session is not known here, or not any more"
                                          : absl::StrCat("a token", role, " is needed: Authorization: Bearer …"));
  } else if (!need && served) {
    decision.refusal = ErrorResponse(403, "no role may do this");
  } else if (const auto missing = need ? Missing(*need, *decision.caller) : std::nullopt) {
    decision.refusal =
        ErrorResponse(403, absl::StrCat("the role ", NameOf(*missing), " is needed; ", decision.caller->name, " has ",
                                        NamesOf(decision.caller->roles)));
  } else if (!WithinPrefixes(request, *decision.caller)) {
    decision.refusal = ErrorResponse(403, absl::StrCat(decision.caller->name, " may only have keys with its prefixes"));
  }
  return decision;
}

// A token that is shown to begin a session is shown like any other: a wrong one is refused, counted and written down.
Access::Decision Access::DecideLogin(const HttpRequest& request, const TokenTable& tokens) const {
  const auto token = TokenIn(request);
  if (!token.ok()) return {.refusal = NoToken(token.status())};
  Decision decision{.caller = tokens.Find(DigestOf(*token))};
  if (decision.caller == nullptr) decision.refusal = Unauthorized(std::string(kUnknown));
  return decision;
}

// ---- Streams -------------------------------------------------------------------------------------------------------

class Access::GuardedSource : public HttpSource {
 public:
  GuardedSource(const Access& access, HttpRequest request, std::shared_ptr<HttpSource> source)
      : access_(access), request_(std::move(request)), source_(std::move(source)) {}

  void Begin(std::weak_ptr<HttpAsker> asker) override { source_->Begin(std::move(asker)); }
  Piece Next(std::string& out) override { return StillAllowed() ? source_->Next(out) : Piece::kEnd; }
  Time ask_again() const override { return source_->ask_again(); }
  bool ends_with_client() const override { return source_->ends_with_client(); }

 private:
  // A session's time runs out without anybody's doing.
  static constexpr Duration kLooksAgain = std::chrono::minutes(1);

  bool StillAllowed() {
    const uint64_t changes = access_.changes_;
    const Time now = SteadyNow();
    if (changes == seen_ && now < looked_at_ + kLooksAgain) return true;
    seen_ = changes;
    looked_at_ = now;
    return !access_.Decide(request_, true).refusal;
  }

  const Access& access_;
  const HttpRequest request_;
  const std::shared_ptr<HttpSource> source_;
  uint64_t seen_ =
      UINT64_MAX;  // of changes_; it begins with a look: tokens may have changed since the request was let in
  Time looked_at_ = {};
};

std::shared_ptr<HttpSource> Access::Guard(HttpRequest request, std::shared_ptr<HttpSource> source) const {
  return std::make_shared<GuardedSource>(*this, std::move(request), std::move(source));
}

// ---- Sessions ------------------------------------------------------------------------------------------------------

void Access::Register(Router& router) {
  router.Add("GET", "/api/session", AtOnce([this](const HttpRequest& request) { return Describe(request); }));
  router.Add("POST", "/api/session", AtOnce([this](const HttpRequest& request) { return Begin(request); }));
  router.Add("DELETE", "/api/session", AtOnce([this](const HttpRequest& request) { return End(request); }));
}

std::string Access::SetCookie(const HttpRequest& request, const std::string& value, int64_t seconds) const {
  const bool encrypted = request.client != nullptr && request.client->encrypted;
  return absl::StrCat(cookie_, "=", value, "; Path=/; Max-Age=", seconds, "; HttpOnly; SameSite=Strict",
                      encrypted ? "; Secure" : "");
}

// Decide has found whose the token is.
HttpResponse Access::Begin(const HttpRequest& request) {
  const auto token = TokenIn(request);
  if (!token.ok()) return NoToken(token.status());
  if (!restricted()) return Describe(request);
  if (request.caller == nullptr) return Unauthorized(std::string(kUnknown));
  const std::string id = sessions_.Begin(DigestOf(*token), SteadyNow());
  const auto life = std::chrono::duration_cast<std::chrono::seconds>(Sessions::kLife);
  HttpResponse response = Describe(request);
  response.headers.emplace_back("Set-Cookie", SetCookie(request, id, life.count()));
  return response;
}

HttpResponse Access::End(const HttpRequest& request) {
  sessions_.End(CookieOf(request, cookie_));
  ++changes_;
  HttpRequest as_nobody = request;
  as_nobody.caller = nullptr;
  HttpResponse response = Describe(as_nobody);
  response.headers.emplace_back("Set-Cookie", SetCookie(request, "", 0));
  return response;
}

HttpResponse Access::Describe(const HttpRequest& request) const {
  std::string roles;
  if (request.caller != nullptr) {
    for (const AccessRole role : request.caller->roles) {
      absl::StrAppend(&roles, roles.empty() ? "" : ",", "\"", NameOf(role), "\"");
    }
  }
  const bool encrypted = request.client != nullptr && request.client->encrypted;
  HttpResponse response{
      .body = absl::StrCat("{\"required\":", restricted() ? "true" : "false",
                           ",\"name\":", JsonString(request.caller == nullptr ? "" : request.caller->name),
                           ",\"roles\":[", roles, "],\"encrypted\":", encrypted ? "true" : "false", "}")};
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

}  // namespace raftly
