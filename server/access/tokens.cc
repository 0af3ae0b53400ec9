#include "server/access/tokens.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/kv/json.h"
#include "server/kv/json_value.h"

namespace raftly {
namespace {

constexpr size_t kMostTokens = 1000;
// So that whoever finds one in a log or a repository knows what it is.
constexpr char kTokenPrefix[] = "raftly_";

int ValueOf(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool FromHex(std::string_view text, Digest& out) {
  if (text.size() != 2 * out.size()) return false;
  for (size_t i = 0; i < out.size(); ++i) {
    const int high = ValueOf(text[2 * i]);
    const int low = ValueOf(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<unsigned char>(high * 16 + low);
  }
  return true;
}

absl::Status Bad(const std::string& where, const std::string& why) {
  return absl::InvalidArgumentError(absl::StrCat(where, why));
}

absl::StatusOr<AccessRoles> RolesOf(const JsonValue& entry, const std::string& where) {
  const JsonValue* role = entry.Find("role");
  if (role == nullptr) return Bad(where, "role is missing");
  std::vector<JsonValue> names = role->items;
  if (role->kind != JsonValue::Kind::kArray) names = {*role};
  AccessRoles roles;
  for (const JsonValue& name : names) {
    const auto parsed = ParseRole(name.text);
    if (name.kind != JsonValue::Kind::kString || !parsed.ok()) {
      return Bad(where, "role: want \"read\", \"write\", \"operate\" or \"chaos\", or a list of these");
    }
    roles.insert(*parsed);
  }
  if (roles.empty()) return Bad(where, "role: the list is empty");
  return roles;
}

absl::StatusOr<TokenTable::Entry> EntryOf(const JsonValue& value, const std::string& where) {
  if (value.kind != JsonValue::Kind::kObject) return Bad(where, "want an object");
  // Left out, a misspelt field would make the token one for all keys.
  for (const auto& [field, ignored] : value.members) {
    if (field != "name" && field != "sha256" && field != "role" && field != "prefixes") {
      return Bad(where, absl::StrCat(field, ": no such field: want name, sha256, role and perhaps prefixes"));
    }
  }
  JsonFields fields(value, where);
  Caller caller{.name = fields.String("name"), .roles = {}};
  const std::string digest = fields.String("sha256");
  if (!fields.status().ok()) return fields.status();
  if (!IsTokenName(caller.name)) return Bad(where, "name: want 1 to 64 letters, digits or any of . _ @ -");
  TokenTable::Entry entry;
  if (!FromHex(digest, entry.digest)) return Bad(where, "sha256: want 64 hexadecimal digits");
  auto roles = RolesOf(value, where);
  if (!roles.ok()) return roles.status();
  caller.roles = *std::move(roles);
  if (const JsonValue* prefixes = value.Find("prefixes"); prefixes != nullptr) {
    if (prefixes->kind != JsonValue::Kind::kArray || prefixes->items.empty()) {
      return Bad(where, "prefixes: want a list of strings; without it all keys are meant");
    }
    for (const JsonValue& prefix : prefixes->items) {
      if (prefix.text.empty()) return Bad(where, "prefixes: want strings that are not empty");
      caller.prefixes.push_back(prefix.text);
    }
  }
  entry.caller = std::make_shared<const Caller>(std::move(caller));
  return entry;
}

}  // namespace

Digest DigestOf(std::string_view text) {
  Digest digest;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return digest;
}

std::string ToHex(const Digest& digest) {
  std::string hex;
  for (const unsigned char byte : digest) absl::StrAppend(&hex, absl::Hex(byte, absl::kZeroPad2));
  return hex;
}

bool IsTokenName(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '@' || c == '-';
  });
}

absl::StatusOr<std::shared_ptr<const TokenTable>> TokenTable::Parse(const std::string& text) {
  const size_t begin = std::min(text.find_first_not_of(" \t\r\n"), text.size());
  const bool list = begin < text.size() && text[begin] == '[';
  const auto document = ParseJson(list ? absl::StrCat("{\"tokens\":", text, "}") : text);
  if (!document.ok()) return document.status();
  JsonFields fields(*document);
  const JsonValue* tokens = fields.Array("tokens");
  if (tokens == nullptr) return fields.status();
  if (tokens->items.size() > kMostTokens) return Bad("", absl::StrCat("more than ", kMostTokens, " tokens"));
  auto table = std::make_shared<TokenTable>();
  std::set<std::string> names;
  std::set<Digest> digests;
  for (size_t i = 0; i < tokens->items.size(); ++i) {
    const std::string where = absl::StrCat("tokens[", i, "].");
    auto entry = EntryOf(tokens->items[i], where);
    if (!entry.ok()) return entry.status();
    if (!names.insert(entry->caller->name).second) return Bad(where, "name: it occurs twice");
    if (!digests.insert(entry->digest).second) return Bad(where, "sha256: it occurs twice");
    table->entries_.push_back(*std::move(entry));
  }
  return std::shared_ptr<const TokenTable>(std::move(table));
}

std::shared_ptr<const Caller> TokenTable::Find(const Digest& token) const {
  const Entry* found = nullptr;
  for (const Entry& entry : entries_) {
    if (CRYPTO_memcmp(entry.digest.data(), token.data(), token.size()) == 0) found = &entry;
  }
  return found == nullptr ? nullptr : found->caller;
}

NewToken MakeToken(const std::string& name, const AccessRoles& roles, const std::string& random) {
  std::string token = absl::StrCat(kTokenPrefix, random);
  std::string names;
  for (const AccessRole role : roles) absl::StrAppend(&names, names.empty() ? "\"" : ",\"", NameOf(role), "\"");
  if (roles.size() > 1) names = absl::StrCat("[", names, "]");
  std::string line = absl::StrCat("{\"name\":", JsonString(name), ",\"sha256\":\"", ToHex(DigestOf(token)),
                                  "\",\"role\":", names, "}");
  return {std::move(token), std::move(line)};
}

}  // namespace raftly
