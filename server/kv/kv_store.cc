#include "server/kv/kv_store.h"

#include <utility>

namespace raftly {
namespace {

// FNV-1a, 64 bits: the same on every machine and in every build.
uint64_t Fnv(uint64_t hash, std::string_view bytes) {
  for (const char c : bytes) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3ULL;
  return hash;
}

// The pairs' hashes are added up, so a change costs one pair. The separator keeps ("a","bc") apart from ("ab","c"):
// 0xFF occurs in no UTF-8.
uint64_t PairHash(std::string_view key, std::string_view value) {
  return Fnv(Fnv(Fnv(0xcbf29ce484222325ULL, key), "\xFF"), value);
}

}  // namespace

std::string KvStore::Apply(const Entry& entry) {
  Command command;
  if (entry.type == EntryType::kNormal) command = DecodeCommand(entry.data.view());
  MutexLock lock(mutex_);
  digest_.applied = entry.index;
  switch (command.op) {
    case Command::Op::kNothing:
      break;
    case Command::Op::kPut:
      Put(std::move(command));
      break;
    case Command::Op::kDelete:
      Remove(command.key);
      break;
  }
  return {};
}

void KvStore::Put(Command command) {
  Remove(command.key);
  digest_.hash += PairHash(command.key, command.value);
  values_.emplace(std::move(command.key), Bytes(std::move(command.value)));
}

void KvStore::Remove(std::string_view key) {
  const auto found = values_.find(key);
  if (found == values_.end()) return;
  digest_.hash -= PairHash(found->first, found->second.view());
  values_.erase(found);
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
  return digest_;
}

}  // namespace raftly
