#include "server/kv/kv_store.h"

#include <utility>

namespace raftly {
namespace {

// FNV-1a, 64 bits: the same on every machine and in every build.
uint64_t Fnv(uint64_t hash, std::string_view bytes) {
  for (const char c : bytes) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3ULL;
  return hash;
}

// The separator keeps ("a","bc") apart from ("ab","c"): 0xFF occurs in no UTF-8.
uint64_t PairHash(std::string_view key, std::string_view value) {
  return Fnv(Fnv(Fnv(0xcbf29ce484222325ULL, key), "\xFF"), value);
}

}  // namespace

std::string KvStore::Apply(const Entry& entry) {
  Command command;
  if (entry.type == EntryType::kNormal) command = DecodeCommand(entry.data.view());
  // Made before, and what it replaces freed after, the lock that readers wait for.
  Bytes value(std::move(command.value));
  MutexLock lock(mutex_);
  applied_ = entry.index;
  switch (command.op) {
    case Command::Op::kNothing:
      break;
    case Command::Op::kPut:
      std::swap(values_[std::move(command.key)], value);
      break;
    case Command::Op::kDelete:
      if (const auto found = values_.find(command.key); found != values_.end()) {
        std::swap(found->second, value);
        values_.erase(found);
      }
      break;
  }
  return {};
}

std::optional<Bytes> KvStore::Get(std::string_view key) const {
  MutexLock lock(mutex_);
  const auto found = values_.find(key);
  if (found == values_.end()) return std::nullopt;
  return found->second;
}

size_t KvStore::size() const {
  MutexLock lock(mutex_);
  return values_.size();
}

KvStore::Digest KvStore::digest() const {
  MutexLock lock(mutex_);
  Digest digest{.applied = applied_};
  // Added up, so that their order does not matter.
  for (const auto& [key, value] : values_) digest.hash += PairHash(key, value.view());
  return digest;
}

}  // namespace raftly
