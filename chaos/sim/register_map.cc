#include "chaos/sim/register_map.h"

#include <utility>

namespace raftly {

std::string RegisterMap::Apply(const Entry& entry) {
  const std::string_view command = entry.data.view();
  if (command.starts_with('d')) {
    Set(std::string(command.substr(1)), std::nullopt);
  } else if (const size_t equals = command.find('='); command.starts_with('p') && equals != command.npos) {
    Set(std::string(command.substr(1, equals - 1)), std::string(command.substr(equals + 1)));
  }
  return {};
}

std::optional<std::string> RegisterMap::Get(const std::string& key) const {
  const auto found = registers_.find(key);
  return found == registers_.end() ? std::nullopt : std::optional(found->second);
}

void RegisterMap::Set(const std::string& key, std::optional<std::string> value) {
  const auto pair_hash = [&key](const std::string& of) { return Mix64(HashOf(key) ^ (HashOf(of) << 1)); };
  const auto found = registers_.find(key);
  if (found != registers_.end()) {
    hash_ ^= pair_hash(found->second);
    registers_.erase(found);
  }
  if (!value.has_value()) return;
  hash_ ^= pair_hash(*value);
  registers_.emplace(key, *std::move(value));
}

}  // namespace raftly
