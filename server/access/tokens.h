// The file of -tokens: who has which role. It holds no token, only their SHA-256.
//
//   [{"name": "ci", "sha256": "9f86…", "role": "read"},
//    {"name": "app", "sha256": "…", "role": ["read", "write"], "prefixes": ["app/"]}]
//
// or an object with that list as "tokens".
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/access/roles.h"

namespace raftly {

using Digest = std::array<unsigned char, 32>;  // SHA-256

Digest DigestOf(std::string_view text);
std::string ToHex(const Digest& digest);

// Immutable.
class TokenTable {
 public:
  struct Entry {
    Digest digest;
    std::shared_ptr<const Caller> caller;
  };

  // InvalidArgument names the entry and the field, and repeats nothing else of the file.
  static absl::StatusOr<std::shared_ptr<const TokenTable>> Parse(const std::string& text);

  // Null: nobody's. Takes as long for a token that is almost right as for any other.
  std::shared_ptr<const Caller> Find(const Digest& token) const;
  size_t size() const { return entries_.size(); }

 private:
  std::vector<Entry> entries_;
};

// A name in the file: printable and short, for it stands in headers and log lines.
bool IsTokenName(std::string_view name);

// A new token of 256 random bits, from `random` (hexadecimal digits), and its line for the file.
struct NewToken {
  std::string token;
  std::string line;
};
NewToken MakeToken(const std::string& name, const AccessRoles& roles, const std::string& random);

}  // namespace raftly
