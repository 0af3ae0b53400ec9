#include "server/kv/kv_store.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/kv/kv_state.h"
#include "server/kv/what_changes.h"

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

// ---- Snapshots -----------------------------------------------------------------------------------------------------

// Goes through the keys in order. What changes ahead of it meanwhile it is told before, and keeps: values are shared,
// so that costs a key and a few words for each key that changes, once.
class KvStore::Reader : public StateReader {
 public:
  explicit Reader(KvStore& store) : store_(store), values_(store.values_), answers_(*store.once_) {
    store_.readers_.push_back(this);
    has_answers_ = store.answers_in_snapshots_ && (store.once_->size() > 0 || store.once_->clock_ms() > 0);
  }
  ~Reader() override { std::erase(store_.readers_, this); }

  bool Read(size_t bytes, std::string& out) override {
    const size_t enough = out.size() + bytes;
    const auto end = values_->in_order.end();
    auto live = begun_ ? values_->in_order.upper_bound(cursor_) : values_->in_order.begin();
    auto old = kept_.begin();
    while (out.size() < enough && (live != end || old != kept_.end())) {
      if (old == kept_.end() || (live != end && live->first < old->first)) {
        Give(live->first, *live->second, out);
        ++live;
        continue;
      }
      if (live != end && live->first == old->first) ++live;
      if (old->second) Give(old->first, *old->second, out);
      MoveTo(old->first);
      old = kept_.erase(old);
    }
    if (live != end || old != kept_.end()) return true;
    return has_answers_ && ReadAnswers(bytes, out);
  }

  // `key` is about to change from `now` (nothing: it is not there).
  void Keep(const std::string& key, const std::optional<Value>& now) {
    if (!begun_ || key > cursor_) kept_.try_emplace(key, now);
  }

 private:
  bool ReadAnswers(size_t bytes, std::string& out) {
    if (!std::exchange(marked_, true)) AppendMark(out);
    return answers_.Read(bytes, out);
  }
  void Give(std::string_view key, const Value& value, std::string& out) {
    AppendPair(out, key, value.value.view(), value.version);
    MoveTo(key);
  }
  void MoveTo(std::string_view key) {
    cursor_ = key;
    begun_ = true;
  }

  KvStore& store_;
  // Not the store's any more once it has loaded another state; nothing changes here then.
  const std::shared_ptr<const Values> values_;
  absl::btree_map<std::string, std::optional<Value>> kept_;  // behind the cursor, as they were
  OnceTable::Reader answers_;
  bool has_answers_ = false;
  bool marked_ = false;
  bool begun_ = false;
  std::string cursor_;  // the last key that was given out or passed over
};

// Gathers beside what is there, so that readers see the old state or the new one.
class KvStore::Writer : public StateWriter {
 public:
  Writer(KvStore& store, Index at) : store_(store), at_(at) {}

  absl::Status Write(std::string_view bytes) override {
    pairs_.Feed(bytes);
    while (auto pair = pairs_.Next()) {
      const bool in_order = values_->in_order.empty() || values_->in_order.rbegin()->first < pair->key;
      if (!in_order)
        return absl::DataLossError(absl::StrCat("the state's keys are out of order at \"", pair->key, "\""));
      values_->Put(std::move(pair->key), Value{std::move(pair->value), pair->version});
    }
    return absl::OkStatus();
  }

  absl::Status Finish() override {
    if (!pairs_.done()) return absl::DataLossError("the state ends in the middle of a pair");
    auto once = std::make_shared<OnceTable>();
    if (pairs_.answers()) {
      if (absl::Status status = OnceTable::Load(*pairs_.answers(), *once); !status.ok()) return status;
    }
    store_.Replace(std::move(values_), std::move(once), at_);
    return absl::OkStatus();
  }

 private:
  KvStore& store_;
  const Index at_;
  KvPairReader pairs_;
  std::shared_ptr<Values> values_ = std::make_shared<Values>();
};

StateMachine::Format KvStore::format() const { return {std::string(kKvFormatName), kKvFormatVersion}; }

std::unique_ptr<StateReader> KvStore::Save() { return std::make_unique<Reader>(*this); }

std::unique_ptr<StateWriter> KvStore::Load(uint32_t, Index at) { return std::make_unique<Writer>(*this, at); }

void KvStore::Replace(std::shared_ptr<Values> values, std::shared_ptr<OnceTable> once, Index applied) {
  readers_.clear();  // they keep the values that they go through
  {
    MutexLock lock(mutex_);
    values_.swap(values);
    once_.swap(once);
    once_size_ = once_->size();
    applied_ = applied;
  }
  changes_.Reset(applied);
}

// ---- Commands ------------------------------------------------------------------------------------------------------

KvStore::KvStore(WriteWatch* watch, const Defences& defences, size_t change_bytes)
    : watch_(watch),
      changes_(change_bytes),
      deduplication_(defences.deduplication),
      answers_in_snapshots_(defences.answers_in_snapshots),
      values_(std::make_shared<Values>()),
      once_(std::make_shared<OnceTable>()) {}
KvStore::~KvStore() = default;

std::string KvStore::Apply(const Entry& entry) {
  std::string outcome = ApplyCommand(entry);
  if (watch_ != nullptr) watch_->OnApplied(entry);
  return outcome;
}

// Keys are changed here alone, so they may be read without the lock.
const Found* KvStore::Now(std::string_view key) const {
  const auto found = values_->by_key.find(key);
  return found == values_->by_key.end() ? nullptr : &found->second;
}

std::string KvStore::ApplyCommand(const Entry& entry) {
  Command command;
  if (entry.type == EntryType::kNormal) command = DecodeCommand(entry.data.view());
  if (command.op == Command::Op::kClock) {
    once_->SetClock(command.now_ms, command.limits);
    once_size_ = once_->size();
  }
  if (command.once.empty() || !deduplication_) return Do(command, entry.index);
  const uint64_t request = Fnv(0xcbf29ce484222325ULL, WithoutOnce(entry.data.view(), command.once));
  if (const OnceTable::Kept* first = once_->Find(command.once)) {
    std::string answer =
        first->request == request ? first->answer : EncodeOutcome({.kind = WriteOutcome::Kind::kOther, .version = {}});
    command.op = Command::Op::kNothing;
    Do(command, entry.index);
    return answer;
  }
  std::string once = std::move(command.once);
  std::string outcome = Do(command, entry.index);
  // The answer to one that comes again speaks of this entry, not of its own.
  if (outcome.empty()) outcome = EncodeOutcome({.kind = WriteOutcome::Kind::kDone, .version = entry.index});
  once_->Keep(std::move(once), request, outcome);
  once_size_ = once_->size();
  return outcome;
}

std::string KvStore::Do(Command& command, Index at) {
  if (command.op == Command::Op::kTransaction) return Transact(*command.transaction, at);
  const WriteOutcome refused = WhyNot(command, Now(command.key));
  std::string outcome = AnswerOf(command, refused, at);
  const bool changes = command.op != Command::Op::kNothing && command.op != Command::Op::kClock &&
                       refused.kind == WriteOutcome::Kind::kDone;
  std::optional<Value> value;
  // Made before, and what it replaces freed after, the lock that readers wait for.
  if (command.op != Command::Op::kDelete) value = Value{Bytes(std::move(command.value)), at};
  Change change;
  // That an absent key goes is no change.
  const bool seen = changes && (value || Now(command.key) != nullptr);
  if (seen) change = {.key = command.key, .value = value ? std::optional(value->value) : std::nullopt};
  {
    MutexLock lock(mutex_);
    applied_ = at;
    if (changes) Set(std::move(command.key), value);
  }
  // Who hears of it finds it done.
  changes_.Append(at, std::span(&change, seen ? 1 : 0));
  return outcome;
}

std::string KvStore::Transact(const Transaction& transaction, Index at) {
  Changes changes;
  std::string outcome = RunTransaction(
      transaction, at, [this](std::string_view key) { return Now(key); }, changes);
  std::vector<Change> seen;
  for (const auto& [key, value] : changes) {
    if (value || Now(key) != nullptr) {
      seen.push_back({.key = key, .value = value ? std::optional(value->value) : std::nullopt});
    }
  }
  {
    MutexLock lock(mutex_);
    applied_ = at;
    for (auto& [key, value] : changes) Set(key, value);
  }
  changes_.Append(at, seen);
  return outcome;
}

// Of nothing: the key goes. What was there before is in `value` afterwards.
void KvStore::Set(std::string key, std::optional<Value>& value) {
  const auto found = values_->by_key.find(key);
  const bool known = found != values_->by_key.end();
  for (Reader* reader : readers_) reader->Keep(key, known ? std::optional(found->second) : std::nullopt);
  if (known && value) {
    std::swap(found->second, *value);
  } else if (known) {
    value = std::move(found->second);
    values_->in_order.erase(found->first);
    values_->by_key.erase(found);
  } else if (value) {
    values_->Put(std::move(key), *std::exchange(value, std::nullopt));
  }
}

// Requires that the key is not there.
void KvStore::Values::Put(std::string key, Value value) {
  const auto pair = by_key.emplace(std::move(key), std::move(value)).first;
  in_order.emplace(pair->first, &pair->second);
}

std::optional<Found> KvStore::Find(std::string_view key) const {
  MutexLock lock(mutex_);
  const auto found = values_->by_key.find(key);
  if (found == values_->by_key.end()) return std::nullopt;
  return found->second;
}

std::optional<Bytes> KvStore::Get(std::string_view key) const {
  const auto found = Find(key);
  return found ? std::optional(found->value) : std::nullopt;
}

KvStore::Page KvStore::List(std::string_view prefix, std::string_view after, size_t limit, size_t bytes) const {
  Page page;
  size_t taken = 0;
  MutexLock lock(mutex_);
  page.applied = applied_;
  auto next = after < prefix ? values_->in_order.lower_bound(prefix) : values_->in_order.upper_bound(after);
  for (; next != values_->in_order.end() && next->first.substr(0, prefix.size()) == prefix; ++next) {
    if (page.keys.size() == limit || taken >= bytes) {
      page.next = page.keys.back().key;
      break;
    }
    taken += next->first.size() + next->second->value.size();
    page.keys.push_back({std::string(next->first), *next->second});
  }
  return page;
}

size_t KvStore::size() const {
  MutexLock lock(mutex_);
  return values_->by_key.size();
}

void KvStore::ForEach(absl::FunctionRef<void(std::string_view, const Found&)> see) const {
  MutexLock lock(mutex_);
  for (const auto& [key, found] : values_->in_order) see(key, *found);
}

KvStore::Digest KvStore::digest() const {
  MutexLock lock(mutex_);
  Digest digest{.applied = applied_};
  // Added up, so that their order does not matter.
  for (const auto& [key, value] : values_->by_key) digest.hash += PairHash(key, value.value.view());
  return digest;
}

}  // namespace raftly
