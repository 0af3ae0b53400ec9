#include "chaos/sim/register_map.h"

#include <charconv>
#include <utility>

namespace raftly {
namespace {

// Beyond its range it goes round: a machine never fails.
uint64_t NumberIn(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? static_cast<uint64_t>(number) : 0;
}

}  // namespace

std::string RegisterMap::Apply(const Entry& entry) {
  const std::string_view command = entry.data.view();
  if (command.starts_with('d')) {
    Set(std::string(command.substr(1)), std::nullopt);
    return {};
  }
  const size_t equals = command.find('=');
  if (command.empty() || equals == command.npos) return {};
  const std::string key(command.substr(1, equals - 1));
  const std::string_view argument = command.substr(equals + 1);
  if (command.starts_with('p')) Set(key, std::string(argument));
  if (command.starts_with('a')) Set(key, Appended(Get(key), argument));
  if (command.starts_with('i')) Set(key, Added(Get(key), argument));
  return {};
}

std::string RegisterMap::Appended(const std::optional<std::string>& before, std::string_view word) {
  return before.has_value() ? std::string(*before).append(1, ',').append(word) : std::string(word);
}

std::string RegisterMap::Added(const std::optional<std::string>& before, std::string_view number) {
  return std::to_string(static_cast<int64_t>(NumberIn(before.value_or("")) + NumberIn(number)));
}

std::optional<std::string> RegisterMap::Get(const std::string& key) const {
  const auto found = registers_.find(key);
  return found == registers_.end() ? std::nullopt : std::optional(found->second);
}

// Lines of key=value; neither has a line break (the workload's keys and values are words).
std::string RegisterMap::ToBytes() const {
  std::string bytes;
  for (const auto& [key, value] : registers_) bytes.append(key).append(1, '=').append(value).append(1, '\n');
  return bytes;
}

absl::Status RegisterMap::FromBytes(std::string_view bytes) {
  RegisterMap loaded;
  while (!bytes.empty()) {
    const std::string_view line = bytes.substr(0, bytes.find('\n'));
    const size_t equals = line.find('=');
    if (equals == line.npos || line.size() == bytes.size()) return absl::DataLossError("not a state of registers");
    loaded.Set(std::string(line.substr(0, equals)), std::string(line.substr(equals + 1)));
    bytes.remove_prefix(line.size() + 1);
  }
  *this = std::move(loaded);
  return absl::OkStatus();
}

std::unique_ptr<StateWriter> RegisterMap::Load(uint32_t, Index) {
  return LoadWhole([this](const std::string& bytes) { return FromBytes(bytes); });
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
