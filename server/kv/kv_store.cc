#include "server/kv/kv_store.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/kv/kv_state.h"
#include "server/kv/outcome.h"

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

// The signed decimal number that is all of `text`. An absent value counts as 0.
std::optional<int64_t> NumberIn(std::string_view text) {
  int64_t number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
  return number;
}

// Whether a command does anything to a key that is as it is (null: absent), and what then: `command.value` becomes what
// the key will hold.
WriteOutcome WhyNot(Command& command, const KvStore::Found* now) {
  using Kind = WriteOutcome::Kind;
  const Index version = now == nullptr ? Index{} : now->version;
  if (command.if_version && Index{*command.if_version} != version) return {Kind::kElse, version};
  const std::string_view before = now == nullptr ? std::string_view() : now->value.view();
  if (command.op == Command::Op::kAdd) {
    const auto number = now == nullptr ? std::optional<int64_t>(0) : NumberIn(before);
    int64_t sum = 0;
    if (!number || __builtin_add_overflow(*number, command.by, &sum)) return {Kind::kNotNumber, version};
    command.value = std::to_string(sum);
  } else if (command.op == Command::Op::kAppend) {
    if (before.size() + command.value.size() > kMaxValueBytes) return {Kind::kTooLong, version};
    command.value.insert(0, before);
  }
  return {};
}

// Of a plain write nothing is to be said, and most are.
std::string AnswerOf(const Command& command, const WriteOutcome& refused, Index at) {
  if (refused.kind != WriteOutcome::Kind::kDone) return EncodeOutcome(refused);
  const bool tells = command.op == Command::Op::kAdd || command.op == Command::Op::kAppend;
  return tells ? EncodeOutcome({.kind = refused.kind, .version = at, .value = command.value}) : std::string();
}

}  // namespace

// ---- Snapshots -----------------------------------------------------------------------------------------------------

// Goes through the keys in order. What changes ahead of it meanwhile it is told before, and keeps: values are shared,
// so that costs a key and a few words for each key that changes, once.
class KvStore::Reader : public StateReader {
 public:
  explicit Reader(KvStore& store) : store_(store), values_(store.values_) { store_.readers_.push_back(this); }
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
    return live != end || old != kept_.end();
  }

  // `key` is about to change from `now` (nothing: it is not there).
  void Keep(const std::string& key, const std::optional<Value>& now) {
    if (!begun_ || key > cursor_) kept_.try_emplace(key, now);
  }

 private:
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
    store_.Replace(std::move(values_), at_);
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

void KvStore::Replace(std::shared_ptr<Values> values, Index applied) {
  readers_.clear();  // they keep the values that they go through
  MutexLock lock(mutex_);
  values_.swap(values);
  applied_ = applied;
}

// ---- Commands ------------------------------------------------------------------------------------------------------

KvStore::KvStore(WriteWatch* watch) : watch_(watch), values_(std::make_shared<Values>()) {}
KvStore::~KvStore() = default;

std::string KvStore::Apply(const Entry& entry) {
  std::string outcome = Change(entry);
  if (watch_ != nullptr) watch_->OnApplied(entry);
  return outcome;
}

std::string KvStore::Change(const Entry& entry) {
  Command command;
  if (entry.type == EntryType::kNormal) command = DecodeCommand(entry.data.view());
  // Changed here alone, so it may be read without the lock.
  const auto found = values_->by_key.find(command.key);
  const bool known = found != values_->by_key.end();
  const WriteOutcome refused = WhyNot(command, known ? &found->second : nullptr);
  std::string outcome = AnswerOf(command, refused, entry.index);
  const bool changes = command.op != Command::Op::kNothing && refused.kind == WriteOutcome::Kind::kDone;
  // Made before, and what it replaces freed after, the lock that readers wait for.
  Value value{Bytes(std::move(command.value)), entry.index};
  MutexLock lock(mutex_);
  applied_ = entry.index;
  if (!changes) return outcome;
  for (Reader* reader : readers_) reader->Keep(command.key, known ? std::optional(found->second) : std::nullopt);
  if (command.op == Command::Op::kDelete) {
    if (!known) return outcome;
    std::swap(found->second, value);
    values_->in_order.erase(found->first);
    values_->by_key.erase(found);
  } else if (known) {
    std::swap(found->second, value);
  } else {
    values_->Put(std::move(command.key), std::move(value));
  }
  return outcome;
}

// Requires that the key is not there.
void KvStore::Values::Put(std::string key, Value value) {
  const auto pair = by_key.emplace(std::move(key), std::move(value)).first;
  in_order.emplace(pair->first, &pair->second);
}

std::optional<KvStore::Found> KvStore::Find(std::string_view key) const {
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

KvStore::Digest KvStore::digest() const {
  MutexLock lock(mutex_);
  Digest digest{.applied = applied_};
  // Added up, so that their order does not matter.
  for (const auto& [key, value] : values_->by_key) digest.hash += PairHash(key, value.value.view());
  return digest;
}

}  // namespace raftly
