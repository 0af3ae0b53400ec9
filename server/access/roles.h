// Who may do what (SPEC section 11.3): roles, and the one table that says which route needs which.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace raftly {

// None includes another: a token for two things has two roles.
enum class AccessRole {
  kRead,     // keys, state, log, metrics, events
  kWrite,    // keys
  kOperate,  // settings, members, snapshots, backups: all there is, in one file
  kChaos,    // faults, and runs of the laboratory, which take this machine's time
};
using AccessRoles = std::set<AccessRole>;

const char* NameOf(AccessRole role);
// "read", "write", "operate" or "chaos".
absl::StatusOr<AccessRole> ParseRole(std::string_view name);
// Of "read,write".
absl::StatusOr<AccessRoles> ParseRoles(std::string_view names);
// "read,write"; in the order of AccessRole.
std::string NamesOf(const AccessRoles& roles);

// What a route needs.
struct Need {
  std::optional<AccessRole> role = {};  // nothing: it is open to everybody
  std::optional<AccessRole> also = {};  // both
  bool changes = false;                 // settings, rules, members, snapshots: who does it is written down
};

// Of `method` on `path` (without its query; percent-encoded or not). Nothing: the table does not know the route, and
// nobody may have it.
std::optional<Need> NeedOf(std::string_view method, std::string_view path);

// On whose behalf something is done.
struct Caller {
  std::string name;  // of the token; never the token
  AccessRoles roles;
  std::vector<std::string> prefixes = {};  // empty: any key; else only keys that begin with one of these

  bool Has(AccessRole role) const { return roles.contains(role); }
};

}  // namespace raftly
