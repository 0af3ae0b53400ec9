// A shorthand for what a test says, and the same shorthand for what it prints.
//
//   "1:1 1:2 2:3"                                   a log: term:index
//   "1:1 1:2=abd/abc+e"                             with a configuration: voters, those of before, learners
//   Append({.term = 2, .prev = "1:2", .entries = "2:3"})
//   Reject({.retry_at = 3}), Accept(), Granted(2), Denied(2), kNoAnswer
#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <string_view>

#include "raft/core/raft_core.h"

namespace raftly {

Entries EntriesOf(std::string_view log);
Configuration MembersOf(std::string_view members);           // "abd/abc+e"
std::optional<Configuration> MembersIn(const Entry& entry);  // whose data is that
LogPosition PositionOf(std::string_view position);           // "" is the place before the first entry

struct AppendSpec {
  uint64_t term = 1;
  NodeId leader = "b";
  std::string_view prev = "";
  std::string_view entries = "";
  uint64_t commit = 0;
  uint64_t leader_last = 0;
};
Request Append(const AppendSpec& spec);

struct VoteSpec {
  uint64_t term = 1;
  NodeId candidate = "b";
  std::string_view last = "";
};
Request AskVote(const VoteSpec& spec);
Request AskPreVote(const VoteSpec& spec);
Request AskHandedOverVote(const VoteSpec& spec);

struct RejectSpec {
  uint64_t term = 1;
  uint64_t conflict_term = 0;
  uint64_t retry_at = 0;
};
std::optional<Reply> Reject(const RejectSpec& spec);
std::optional<Reply> Accept(uint64_t term = 1);
std::optional<Reply> Granted(uint64_t term);
std::optional<Reply> Denied(uint64_t term);
inline const std::optional<Reply> kNoAnswer;

std::string Text(const LogPosition& position);
std::string Text(const Entries& entries);
std::string Text(const Log& log);
std::string Text(const Request& request);
std::string Text(const std::optional<Reply>& reply);
std::string Text(const Outcome& outcome);
std::string Text(const NodeEvent& event);
std::string Text(const Write& write);

// For GoogleTest's messages.
void PrintTo(const VoteReply& reply, std::ostream* out);
void PrintTo(const AppendReply& reply, std::ostream* out);
void PrintTo(const Entry& entry, std::ostream* out);
template <class Tag>
void PrintTo(Counter<Tag> counter, std::ostream* out) {
  *out << counter.value;
}

}  // namespace raftly
