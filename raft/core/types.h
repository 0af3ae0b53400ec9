// The protocol's nouns as types, so that a term never compiles where an index is meant.
//
//   Term term{3};
//   Index index = log.last().index + 1;
//   index < term;                        // does not compile
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace raftly {

// A number that only counts its own kind of thing. Zero means "none" everywhere in Raft: no term has begun, no
// entry exists.
template <class Tag>
struct Counter {
  uint64_t value = 0;

  constexpr auto operator<=>(const Counter&) const = default;
  constexpr explicit operator bool() const { return value != 0; }

  constexpr Counter& operator++() {
    ++value;
    return *this;
  }
  friend constexpr Counter operator+(Counter counter, uint64_t n) { return {counter.value + n}; }
  friend constexpr Counter operator-(Counter counter, uint64_t n) { return {counter.value - n}; }
  friend constexpr uint64_t operator-(Counter a, Counter b) { return a.value - b.value; }
};

using Term = Counter<struct TermTag>;          // §5.1: a logical clock, at most one leader each
using Index = Counter<struct IndexTag>;        // §5.3: position in the log, the first entry has 1
using CallId = Counter<struct CallTag>;        // one request to or from a peer
using WriteId = Counter<struct WriteTag>;      // one hand-over to the disk, ascending
using RequestId = Counter<struct RequestTag>;  // one proposal or read of a client of this node

// No cluster holds so many elections and no log gets so long: a peer or a file that says more has made it up. Far
// enough from the end of the numbers that nothing we add to one can wrap round.
inline constexpr Term kLastTerm{uint64_t{1} << 62};
inline constexpr Index kLastIndex{uint64_t{1} << 62};

using NodeId = std::string;

// Immutable bytes, shared and not copied between the log, the disk, the wire and the state machine.
class Bytes {
 public:
  Bytes() = default;
  explicit Bytes(std::string data) {
    if (data.empty()) return;
    const auto whole = std::make_shared<const std::string>(std::move(data));
    *this = Bytes(whole, *whole);
  }
  // `part` of what `whole` keeps alive.
  Bytes(const std::shared_ptr<const std::string>& whole, std::string_view part)
      : data_(whole, part.data()), size_(part.size()) {}

  std::string_view view() const { return {data_.get(), size_}; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  bool operator==(const Bytes& other) const { return view() == other.view(); }

 private:
  std::shared_ptr<const char> data_;  // null for no bytes
  size_t size_ = 0;
};

// Where a log ends, or a place in it. The ordering is §5.4.1's "more up to date": later term first, then longer log.
struct LogPosition {
  Term term;
  Index index;
  auto operator<=>(const LogPosition&) const = default;
};

enum class EntryType : int32_t { kNormal = 0, kConfig = 1 };

struct Entry {
  Index index;
  Term term;
  EntryType type = EntryType::kNormal;
  Bytes data;  // a command of the state machine; empty for a new leader's no-op

  bool operator==(const Entry&) const = default;
  LogPosition position() const { return {term, index}; }
};

using Entries = std::vector<Entry>;

// §5.2 and Figure 2: what a server must remember of an election before it answers.
struct HardState {
  Term term;
  NodeId voted_for;      // empty: no vote in this term
  bool may_vote = true;  // false while a node whose directory was lost has not caught up (-rejoin)

  bool operator==(const HardState&) const = default;
};

// What is left on a disk ahead of the log, best first. Beyond kNone what is on its way still fits, and votes do.
enum class Space : uint32_t {
  kPlenty = 0,
  kReserve = 1,  // the disk is full; what was kept back for commands that make room is left
  kNone = 2,
};

enum class Role { kFollower, kPreCandidate, kCandidate, kLeader };

// "Follower", "PreCandidate", "Candidate" or "Leader", as in the HTTP API.
std::string_view ToString(Role role);

}  // namespace raftly
