#include "server/access/roles.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"

namespace raftly {
namespace {

constexpr std::array kNames = {"read", "write", "operate", "chaos"};

struct Route {
  std::string_view method;  // GET stands for HEAD as well; "*": any
  std::string_view path;    // with a '/' at its end, everything below it ("/" itself is one path)
  std::optional<AccessRole> role;
  bool changes = false;
  std::optional<AccessRole> also = {};
};

constexpr std::optional<AccessRole> kOpen = std::nullopt;
constexpr auto kRead = AccessRole::kRead;
constexpr auto kWrite = AccessRole::kWrite;
constexpr auto kOperate = AccessRole::kOperate;
constexpr auto kChaos = AccessRole::kChaos;

// The first that matches counts. Some of these routes are only being built.
constexpr Route kRoutes[] = {
    {"GET", "/healthz", kOpen},
    {"GET", "/readyz", kOpen},
    {"GET", "/", kOpen},
    {"GET", "/lab", kOpen},
    {"GET", "/lab/", kOpen},
    {"GET", "/assets/", kOpen},
    {"GET", "/favicon.svg", kOpen},
    {"GET", "/api/openapi.yaml", kOpen},
    {"*", "/api/session", kOpen},
    {"GET", "/keys", kRead},
    {"GET", "/keys/", kRead},
    {"PUT", "/keys/", kWrite},
    {"POST", "/keys/", kWrite, false, kRead},  // it answers the value
    {"DELETE", "/keys/", kWrite},
    {"POST", "/api/txn", kWrite, false, kRead},
    {"GET", "/api/watch", kRead},
    {"GET", "/status", kRead},
    {"GET", "/metrics", kRead},
    {"GET", "/api/log", kRead},
    {"GET", "/api/links", kRead},
    {"GET", "/api/events", kRead},
    {"GET", "/api/cluster", kRead},
    {"GET", "/api/cluster/log", kRead},
    {"GET", "/api/config", kRead},
    {"POST", "/api/config", kOperate, true},
    {"GET", "/api/cluster/config", kRead},
    {"POST", "/api/cluster/config", kOperate, true},
    {"GET", "/api/snapshot", kOperate, true},
    {"POST", "/api/snapshot", kOperate, true},
    {"GET", "/api/cluster/members", kRead},
    {"*", "/api/cluster/members", kOperate, true},
    {"*", "/api/cluster/members/", kOperate, true},
    {"POST", "/api/cluster/leader", kOperate, true},
    {"GET", "/api/chaos/rules", kRead},
    {"*", "/api/chaos/", kChaos, true},
    {"GET", "/api/cluster/chaos/state", kRead},
    {"*", "/api/cluster/chaos/", kChaos, true},
    {"GET", "/api/lab/", kRead},
    {"POST", "/api/lab/", kChaos},
};

bool Matches(const Route& route, std::string_view method, std::string_view path) {
  if (route.method != "*" && route.method != method) return false;
  if (route.path.size() > 1 && route.path.back() == '/') return path.substr(0, route.path.size()) == route.path;
  return route.path == path;
}

}  // namespace

const char* NameOf(AccessRole role) { return kNames[static_cast<size_t>(role)]; }

absl::StatusOr<AccessRole> ParseRole(std::string_view name) {
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (name == kNames[i]) return static_cast<AccessRole>(i);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("\"", std::string(name), "\" is no role: want read, write, operate or chaos"));
}

absl::StatusOr<AccessRoles> ParseRoles(std::string_view names) {
  AccessRoles roles;
  for (size_t begin = 0; begin <= names.size();) {
    const size_t end = std::min(names.find(',', begin), names.size());
    const auto role = ParseRole(names.substr(begin, end - begin));
    if (!role.ok()) return role.status();
    roles.insert(*role);
    begin = end + 1;
  }
  return roles;
}

std::string NamesOf(const AccessRoles& roles) {
  std::string names;
  for (const AccessRole role : roles) absl::StrAppend(&names, names.empty() ? "" : ",", NameOf(role));
  return names;
}

std::optional<Need> NeedOf(std::string_view method, std::string_view path) {
  if (method == "HEAD") method = "GET";
  for (const Route& route : kRoutes) {
    if (Matches(route, method, path)) return Need{route.role, route.also, route.changes};
  }
  return std::nullopt;
}

}  // namespace raftly
