#include "server/http/members_api.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "raft/node/member_changes.h"
#include "raft/storage/identity.h"
#include "server/address.h"
#include "server/http/kv_api.h"
#include "server/http/url.h"
#include "server/kv/json.h"
#include "server/kv/json_value.h"
#include "server/node_id.h"

namespace raftly {
namespace {

constexpr std::string_view kBase = "/api/cluster/members";
constexpr size_t kLongestAddress = 262;  // a name, a colon and a port

// ---- What is said of the members -----------------------------------------------------------------------------------

const char* RoleOf(const Configuration& configuration, const NodeId& node) {
  if (configuration.voters.contains(node)) return "voter";
  return configuration.learners.contains(node) ? "learner" : "leaving";
}

const char* NameOf(PeerStanding::Progress progress) {
  switch (progress) {
    case PeerStanding::Progress::kProbe:
      return "probe";
    case PeerStanding::Progress::kSnapshot:
      return "snapshot";
    case PeerStanding::Progress::kReplicate:
      break;
  }
  return "replicate";
}

std::string MemberJson(const NodeStatus& status, const std::string& version, const NodeId& node, const Member& member) {
  std::string json = absl::StrCat("{\"id\":", JsonString(node), ",\"grpc\":", JsonString(member.address),
                                  ",\"http\":", JsonString(member.http),
                                  ",\"role\":", JsonString(RoleOf(status.members->configuration, node)),
                                  ",\"incarnation\":", JsonString(member.incarnation));
  const auto standing =
      std::find_if(status.peers.begin(), status.peers.end(), [&](const PeerStanding& one) { return one.id == node; });
  if (node == status.id) {
    absl::StrAppend(&json, ",\"match_index\":", status.last_index.value, ",\"progress\":\"replicate\"",
                    ",\"version\":", JsonString(version));
  } else if (standing != status.peers.end()) {
    absl::StrAppend(&json, ",\"match_index\":", standing->match.value,
                    ",\"progress\":", JsonString(NameOf(standing->progress)),
                    ",\"version\":", JsonString(standing->version));
    if (status.members->configuration.learners.contains(node)) {
      absl::StrAppend(&json, ",\"caught_up\":", standing->caught_up ? "true" : "false",
                      ",\"becomes_voter\":", member.promote ? "true" : "false");
    }
    if (!standing->heard && !standing->awaited)
      absl::StrAppend(&json, ",\"error\":\"not heard for an election timeout\"");
  }
  if (!member.replaces.empty()) absl::StrAppend(&json, ",\"replaces\":", JsonString(member.replaces));
  return json + "}";
}

HttpResponse Describe(const NodeStatus& status, const std::string& version) {
  std::string json =
      absl::StrCat("{\"cluster_id\":", JsonString(status.cluster_id), ",\"index\":", status.members_at.value,
                   ",\"joint\":", status.members->configuration.joint() ? "true" : "false", ",\"members\":[");
  const char* comma = "";
  for (const auto& [node, member] : status.members->known) {
    absl::StrAppend(&json, std::exchange(comma, ","), MemberJson(status, version, node, member));
  }
  return {.body = json + "]}"};
}

// ---- What is asked -------------------------------------------------------------------------------------------------

struct Wish {
  NodeId id;
  Member member;
  bool learner = false;
  bool force = false;
};

bool Boolean(const JsonValue& body, std::string_view name, absl::Status& status) {
  const JsonValue* field = body.Find(name);
  if (field == nullptr || field->kind == JsonValue::Kind::kNull) return false;
  if (field->kind != JsonValue::Kind::kBool) {
    status.Update(absl::InvalidArgumentError(absl::StrCat("field \"", std::string(name), "\" must be true or false")));
  }
  return field->boolean;
}

// An address without a host is one of the machine that asks.
absl::StatusOr<std::string> AddressIn(JsonFields& fields, std::string_view name, const HttpRequest& request) {
  const std::string text = fields.String(name);
  if (!fields.status().ok()) return fields.status();
  // RFC 1035, section 2.3.4: a name has at most 255 bytes.
  if (text.size() > kLongestAddress) {
    return absl::InvalidArgumentError(
        absl::StrCat("field \"", std::string(name), "\" has more than ", kLongestAddress, " bytes"));
  }
  auto address = ParseAddress(text);
  if (!address.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("field \"", std::string(name), "\": \"", text, "\": ", address.status().message()));
  }
  const bool everything = address->host.empty() || address->host == "0.0.0.0" || address->host == "::";
  if (everything) address->host = request.client == nullptr ? "localhost" : request.client->address;
  return ToString(*address);
}

absl::StatusOr<Wish> WishIn(const HttpRequest& request) {
  const auto body = ParseJson(request.body);
  if (!body.ok()) return body.status();
  JsonFields fields(*body);
  Wish wish{.id = fields.String("id"), .member = {}};
  if (!fields.status().ok()) return fields.status();
  if (absl::Status valid = CheckNodeId(wish.id); !valid.ok()) return valid;
  auto grpc = AddressIn(fields, "grpc", request);
  if (!grpc.ok()) return grpc.status();
  auto http = AddressIn(fields, "http", request);
  if (!http.ok()) return http.status();
  wish.member.address = *std::move(grpc);
  wish.member.http = *std::move(http);
  wish.member.incarnation = fields.OptionalString("incarnation").value_or("");
  absl::Status status = fields.status();
  if (!wish.member.incarnation.empty() && !IsUniqueId(wish.member.incarnation)) {
    status.Update(absl::InvalidArgumentError("field \"incarnation\" must be 32 hexadecimal digits, or left out"));
  }
  if (wish.member.address == wish.member.http) {
    status.Update(absl::InvalidArgumentError("fields \"grpc\" and \"http\" are the same address"));
  }
  wish.learner = Boolean(*body, "learner", status);
  wish.force = Boolean(*body, "force", status);
  if (!status.ok()) return status;
  return wish;
}

// The same for the leader, which does not see who asks.
HttpRequest WithAddresses(HttpRequest request, const Wish& wish) {
  request.body =
      absl::StrCat("{\"id\":", JsonString(wish.id), ",\"grpc\":", JsonString(wish.member.address),
                   ",\"http\":", JsonString(wish.member.http), ",\"incarnation\":", JsonString(wish.member.incarnation),
                   ",\"learner\":", wish.learner ? "true" : "false", ",\"force\":", wish.force ? "true" : "false", "}");
  return request;
}

// "node4", "node4/replace": behind the base, decoded.
absl::StatusOr<std::pair<NodeId, std::string>> PathOf(const HttpRequest& request) {
  const std::string_view rest = request.path().substr(kBase.size() + 1);
  const size_t slash = std::min(rest.find('/'), rest.size());
  auto id = PercentDecode(rest.substr(0, slash));
  if (!id.ok()) return id.status();
  return std::pair(*std::move(id), std::string(slash == rest.size() ? rest.substr(slash) : rest.substr(slash + 1)));
}

HttpResponse NoSuchPath(const HttpRequest& request) {
  return ErrorResponse(404, absl::StrCat("there is no ", std::string(request.path())));
}

// ---- What comes of it ----------------------------------------------------------------------------------------------

// Whether a majority of the voters that there would be is heard from, as this leader sees it. OutOfRange: it is not.
// Aborted: that will show at once, for the leader is a new one.
absl::Status MajorityIsThere(const Members& next, const NodeStatus& status) {
  const auto majority = [&](const auto& counts) {
    return QuorumHolds(Configuration{.voters = next.configuration.voters}, [&](const NodeId& node) {
      return node == status.id || std::any_of(status.peers.begin(), status.peers.end(),
                                              [&](const PeerStanding& one) { return one.id == node && counts(one); });
    });
  };
  if (majority([](const PeerStanding& one) { return one.heard; })) return absl::OkStatus();
  if (majority([](const PeerStanding& one) { return one.heard || one.awaited; })) {
    return absl::AbortedError("a majority has not been heard of yet");
  }
  return absl::OutOfRangeError(
      "a majority of the voters that there would be is not heard from: nothing could be "
      "committed any more (\"force\" does it all the same)");
}

HttpResponse Failed(const absl::Status& status) {
  const auto code = [&] {
    switch (status.code()) {
      case absl::StatusCode::kInvalidArgument:
        return 400;
      case absl::StatusCode::kNotFound:
        return 404;
      case absl::StatusCode::kAlreadyExists:
        return 409;
      case absl::StatusCode::kOutOfRange:
        return 412;
      case absl::StatusCode::kUnimplemented:
        return 501;
      case absl::StatusCode::kResourceExhausted:
        return 507;
      default:
        return 504;
    }
  };
  return ErrorResponse(code(), std::string(status.message()));
}

}  // namespace

void MembersApi::Register(Router& router) {
  const std::string below = absl::StrCat(std::string(kBase), "/");
  router.Add("GET", kBase, Waiting([this](const HttpRequest& request) { return List(request); }));
  router.Add("POST", kBase, Waiting([this](const HttpRequest& request) { return Add(request); }));
  router.Add("POST", below, Waiting([this](const HttpRequest& request) { return ReplaceOrPromote(request); }));
  router.Add("DELETE", below, Waiting([this](const HttpRequest& request) { return Remove(request); }));
}

// The leader alone knows how far each is; without one, what this node knows is better than nothing.
HttpResponse MembersApi::List(const HttpRequest& request) const {
  const auto own = [this]() -> std::optional<HttpResponse> { return Describe(doors_.status(), doors_.version); };
  const bool led = !doors_.status().leader.empty();
  if (!led || !request.header(kForwardedHeader).empty()) return *own();
  HttpResponse answer = doors_.at_leader.Run(request, own);
  return answer.status == 200 ? std::move(answer) : *own();
}

HttpResponse MembersApi::Add(const HttpRequest& request) const {
  const auto wish = WishIn(request);
  if (!wish.ok()) return BadRequest(wish.status());
  return Change(WithAddresses(request, *wish), wish->force,
                [wish = *wish](const Members& now) { return WithMember(now, wish.id, wish.member, wish.learner); });
}

HttpResponse MembersApi::ReplaceOrPromote(const HttpRequest& request) const {
  const auto path = PathOf(request);
  if (!path.ok()) return BadRequest(path.status());
  const auto& [id, what] = *path;
  if (what == "promote") {
    return Change(request, false, [id = id](const Members& now) { return WithPromoted(now, id); });
  }
  if (what != "replace") return NoSuchPath(request);
  const auto wish = WishIn(request);
  if (!wish.ok()) return BadRequest(wish.status());
  return Change(WithAddresses(request, *wish), wish->force, [this, id = id, wish = *wish](const Members& now) {
    Member member = wish.member;
    // The leader has its directory: it can only have moved.
    if (const NodeStatus status = doors_.status(); id == wish.id && id == status.id) {
      member.incarnation = status.incarnation;
    }
    return WithReplaced(now, id, wish.id, std::move(member));
  });
}

HttpResponse MembersApi::Remove(const HttpRequest& request) const {
  const auto path = PathOf(request);
  if (!path.ok()) return BadRequest(path.status());
  if (!path->second.empty()) return NoSuchPath(request);
  const auto force = QueryParameter(request.query(), "force");
  if (!force.ok()) return BadRequest(force.status());
  return Change(request, force->value_or("false") == "true",
                [id = path->first](const Members& now) { return WithoutMember(now, id); });
}

HttpResponse MembersApi::Change(const HttpRequest& request, bool force,
                                const std::function<absl::StatusOr<Members>(const Members&)>& change) const {
  return doors_.at_leader.Run(request, [&]() -> std::optional<HttpResponse> {
    const auto done = doors_.change([this, force, &change](const Members& now) -> absl::StatusOr<Members> {
      auto next = change(now);
      if (!next.ok() || force) return next;
      if (absl::Status there = MajorityIsThere(*next, doors_.status()); !there.ok()) return there;
      return next;
    });
    // It does not lead, or does not know yet what was before it.
    if (absl::IsFailedPrecondition(done.status()) || absl::IsAborted(done.status())) return std::nullopt;
    if (!done.ok()) return Failed(done.status());
    return Describe(doors_.status(), doors_.version);
  });
}

}  // namespace raftly
