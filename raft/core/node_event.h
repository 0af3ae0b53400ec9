// What a core says that happened: ordered facts. Log lines, metrics and the dashboard derive from them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "raft/core/membership.h"
#include "raft/core/types.h"

namespace raftly {

enum class ElectionReason { kTimeout, kPreVoteWon, kLeaderGone, kHandedOver };
struct ElectionStarted {
  Role role = Role::kCandidate;  // kPreCandidate or kCandidate
  Term term;                     // the term campaigned for
  ElectionReason reason = ElectionReason::kTimeout;
  NodeId last_leader;  // the leader no longer heard, if any
};
enum class RoleReason {
  kElectionTimeout,
  kPreVoteWon,
  kElectionWon,
  kHigherTerm,
  kLeaderFound,
  kLostQuorum,
  kNoSpace,
  kDiskStuck,
  kDiskLags,     // why the lead is handed over; it may stay here
  kNetworkSlow,  // the same
  kRemoved,
  kHandedOver,
};
std::string_view ToString(RoleReason reason);
struct RoleChanged {
  Role from = Role::kFollower;
  Role to = Role::kFollower;
  Term term;
  RoleReason reason = RoleReason::kElectionTimeout;
};
struct LeaderChanged {
  NodeId leader;  // empty: none known
  Term term;
};
struct VoteCast {
  NodeId candidate;
  Term term;
};
// Why a vote, or the promise of one in a pre-vote, was not given.
enum class NoVote {
  kStranger,       // not in our list of peers
  kImpossible,     // nobody can campaign like that (Objection)
  kLeaderHeard,    // thesis §4.2.3
  kOldTerm,        // §5.1
  kMayNotVote,     // we lost our memory and have not caught up (-rejoin)
  kLogBehind,      // §5.4.1
  kVotedForOther,  // §5.2
  kDiskBusy,       // our own term and vote are still on their way to the disk
};
std::string_view ToString(NoVote why);
struct VoteRefused {
  NodeId candidate;
  Term term;  // that it campaigns for
  bool pre_vote = false;
  NoVote why = NoVote::kLogBehind;
  LogPosition theirs;  // where the logs end
  LogPosition ours;
  NodeId voted_for;  // by us, in our term
};
struct LogTruncated {
  Index from;        // the first entry that went
  uint64_t entries;  // how many
  NodeId leader;     // whose log replaced it
};
struct CommitAdvanced {
  Index commit;
};
// A peer no longer holds entries that it had acknowledged: its directory was lost.
struct PeerLostLog {
  NodeId peer;
  Index acknowledged;
};
// A node started with -rejoin holds what the cluster had when it came back, and votes again.
struct VoteRegained {
  Index caught_up_to;
};
// A peer, or somebody who calls itself one, said what no lawful member of this cluster can say. It is as if it had said
// nothing: no term is adopted, no leader followed.
enum class Objection {
  kStranger,               // not in our list of peers
  kImpossibleNumber,       // a term or an index beyond kLastTerm or kLastIndex
  kMalformed,              // gaps, terms that fall, logs from the future
  kSecondLeader,           // another node leads in this term
  kCommittedWouldChange,   // its log lacks or contradicts what is committed here
  kAnotherEntryOfOneTerm,  // its log contradicts what the leader of that very term wrote
  kWrongAnswer,            // the answer to another kind of request
};
inline constexpr size_t kObjections = 7;
std::string_view ToString(Objection why);
struct MessageRefused {
  NodeId from;
  Objection why = Objection::kStranger;
  Term term;  // the message's
};
// All that we send to this peer is rejected, wherever we begin: it does not take us for a member, still less a leader.
struct PeerRefuses {
  NodeId peer;
};
// §7: a peer is sent a snapshot; or has it; or cannot take one.
struct InstallationChanged {
  enum class What { kBegun, kDone, kGivenUp, kNotTaken };
  NodeId peer;
  LogPosition last_included;
  What what = What::kBegun;
};
// The state up to here came from a leader's snapshot, and what our log held besides is gone.
struct SnapshotInstalled {
  LogPosition last_included;
  NodeId leader;
};
// Another configuration holds here: one was appended, or withdrawn with the log that brought it, or came with a
// snapshot.
struct ConfigurationChanged {
  Index at;  // of its entry; 0: it is that of the first start
  Configuration configuration;
};
// Thesis §3.10: a leader hands the lead over.
struct HandoverChanged {
  enum class What {
    kBegun,    // no proposal is accepted from here on
    kAsked,    // the successor has all of the log, and is asked to campaign
    kDone,     // another leads
    kLate,     // no other led within an election timeout; from here on it is as if nothing had been asked
    kRefused,  // the successor cannot campaign, or was not reached; the same
    kUnknown,  // it does not know the call (a Go node); the same
    kLeft,     // it is no member any more; the same
  };
  NodeId to;  // where done: who leads, perhaps another than was meant
  Term term;
  What what = What::kBegun;
  std::optional<RoleReason> why = {};  // where begun: why this node must not lead; nothing: it was asked for it
};
// "begins to hand the lead over to", and the like.
std::string_view ToString(HandoverChanged::What what);
using NodeEvent = std::variant<ElectionStarted, RoleChanged, LeaderChanged, VoteCast, LogTruncated, CommitAdvanced,
                               PeerLostLog, VoteRegained, MessageRefused, PeerRefuses, VoteRefused, InstallationChanged,
                               SnapshotInstalled, ConfigurationChanged, HandoverChanged>;

}  // namespace raftly
