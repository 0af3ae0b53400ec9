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

std::string RegisterMap::Numbered(std::string_view client, uint64_t number, std::string_view command) {
  return std::string("n").append(client).append(1, '#').append(std::to_string(number)).append(1, ':').append(command);
}

std::string_view RegisterMap::WithoutNumber(std::string_view command) {
  const size_t colon = command.find(':');
  return command.starts_with('n') && colon != command.npos ? command.substr(colon + 1) : command;
}

std::string RegisterMap::Apply(const Entry& entry) {
  const std::string_view command = entry.data.view();
  const std::string_view plain = WithoutNumber(command);
  const std::string_view numbered = command.substr(0, command.size() - plain.size());  // "nCLIENT#NUMBER:"
  if (const size_t mark = numbered.find('#'); mark != numbered.npos) {
    const std::string client(numbered.substr(1, mark - 1));
    const uint64_t number = NumberIn(numbered.substr(mark + 1, numbered.size() - mark - 2));
    if (const auto last = last_.find(client); deduplication_ && last != last_.end() && last->second >= number)
      return {};
    SetLast(client, number);
  }
  ApplyCommand(plain);
  return {};
}

void RegisterMap::ApplyCommand(std::string_view command) {
  if (command.starts_with('d')) return Set(std::string(command.substr(1)), std::nullopt);
  const size_t equals = command.find('=');
  if (command.empty() || equals == command.npos) return;
  const std::string key(command.substr(1, equals - 1));
  const std::string_view argument = command.substr(equals + 1);
  if (command.starts_with('p')) Set(key, std::string(argument));
  if (command.starts_with('a')) Set(key, Appended(Get(key), argument));
  if (command.starts_with('i')) Set(key, Added(Get(key), argument));
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

// Lines of key=value, and of client#number; none has a line break (the workload's keys and values are words).
std::string RegisterMap::ToBytes() const {
  std::string bytes;
  for (const auto& [client, number] : last_) {
    bytes.append(client).append(1, '#').append(std::to_string(number)).append(1, '\n');
  }
  for (const auto& [key, value] : registers_) bytes.append(key).append(1, '=').append(value).append(1, '\n');
  return bytes;
}

absl::Status RegisterMap::FromBytes(std::string_view bytes) {
  RegisterMap loaded(deduplication_);
  while (!bytes.empty()) {
    const std::string_view line = bytes.substr(0, bytes.find('\n'));
    const size_t mark = line.find_first_of("=#");
    if (mark == line.npos || line.size() == bytes.size()) return absl::DataLossError("not a state of registers");
    const std::string name(line.substr(0, mark));
    if (line[mark] == '=') loaded.Set(name, std::string(line.substr(mark + 1)));
    if (line[mark] == '#') loaded.SetLast(name, NumberIn(line.substr(mark + 1)));
    bytes.remove_prefix(line.size() + 1);
  }
  *this = std::move(loaded);
  return absl::OkStatus();
}

std::unique_ptr<StateWriter> RegisterMap::Load(uint32_t, Index) {
  return LoadWhole([this](const std::string& bytes) { return FromBytes(bytes); });
}

void RegisterMap::SetLast(const std::string& client, uint64_t number) {
  const auto hash_of = [&client](uint64_t last) { return Mix64(HashOf(client) + Mix64(last)); };
  const auto [last, first] = last_.try_emplace(client, number);
  if (!first) hash_ ^= hash_of(std::exchange(last->second, number));
  hash_ ^= hash_of(number);
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
