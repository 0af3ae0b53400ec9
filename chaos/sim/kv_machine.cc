#include "chaos/sim/kv_machine.h"

#include "chaos/sim/random.h"

namespace raftly {

std::map<std::string, std::string> KvMachine::all() const {
  std::map<std::string, std::string> all;
  store_.ForEach([&](std::string_view key, const Found& found) { all.emplace(key, found.value.view()); });
  return all;
}

uint64_t KvMachine::hash() {
  const OnceTable& once = store_.once();
  uint64_t hash = Mix64(once.digest() ^ Mix64(once.size())) ^ Mix64(once.clock_ms());
  size_t place = 0;
  store_.ForEach([&](std::string_view key, const Found& found) {
    if (place == known_.size()) known_.emplace_back();
    Known& known = known_[place++];
    const char* const value = found.value.view().data();
    if (known.key != key.data() || known.value != value || known.version != found.version) {
      known = {key.data(), value, found.version};
      known.hash = Mix64(HashOf(key) ^ Mix64(HashOf(found.value.view()) ^ Mix64(found.version.value)));
    }
    hash += known.hash;
  });
  known_.resize(place);
  return hash;
}

std::optional<std::string> ValueIn(const KvStore& store, std::string_view key) {
  const auto value = store.Get(key);
  return value ? std::optional(std::string(value->view())) : std::nullopt;
}

std::string PutCommand(std::string_view key, std::string_view value, Condition condition) {
  return EncodePut(key, value, condition).value_or("");
}

std::string AppendCommand(std::string_view key, std::string_view word, Condition condition) {
  return EncodeAppend(key, word, condition).value_or("");
}

}  // namespace raftly
