#include "raft/core/types.h"

#include "raft/core/check.h"
#include "raft/core/raft_core.h"

namespace raftly {

std::string_view ToString(Role role) {
  switch (role) {
    case Role::kFollower:
      return "Follower";
    case Role::kPreCandidate:
      return "PreCandidate";
    case Role::kCandidate:
      return "Candidate";
    case Role::kLeader:
      return "Leader";
  }
  RAFTLY_CHECK(false, "a role without a name");
}

std::string_view ToString(RoleReason reason) {
  switch (reason) {
    case RoleReason::kElectionTimeout:
      return "election timeout";
    case RoleReason::kPreVoteWon:
      return "pre-vote won";
    case RoleReason::kElectionWon:
      return "election won";
    case RoleReason::kHigherTerm:
      return "higher term seen";
    case RoleReason::kLeaderFound:
      return "leader found";
    case RoleReason::kLostQuorum:
      return "no contact with a quorum";
    case RoleReason::kNoSpace:
      return "disk full";
    case RoleReason::kRemoved:
      return "not a member any more";
    case RoleReason::kHandedOver:
      return "the lead is handed over";
    case RoleReason::kDiskStuck:
      return "disk stands still";
    case RoleReason::kDiskLags:
      return "disk lags behind those of the others";
    case RoleReason::kNetworkSlow:
      return "the way to all others has become slow";
  }
  RAFTLY_CHECK(false, "a reason without words");
}

std::string_view ToString(HandoverChanged::What what) {
  switch (what) {
    case HandoverChanged::What::kBegun:
      return "begins to hand the lead over to";
    case HandoverChanged::What::kAsked:
      return "asks to campaign:";
    case HandoverChanged::What::kDone:
      return "has handed the lead over to";
    case HandoverChanged::What::kLate:
      return "keeps the lead, for too long nothing came of";
    case HandoverChanged::What::kRefused:
      return "keeps the lead, which cannot be taken by";
    case HandoverChanged::What::kUnknown:
      return "keeps the lead, as such a call is unknown to";
    case HandoverChanged::What::kLeft:
      return "keeps the lead, not a member any more is";
  }
  RAFTLY_CHECK(false, "a step of a hand-over without words");
}

std::string_view ToString(NoVote why) {
  switch (why) {
    case NoVote::kStranger:
      return "not among its peers";
    case NoVote::kImpossible:
      return "nobody can campaign like that";
    case NoVote::kLeaderHeard:
      return "a leader is heard";
    case NoVote::kOldTerm:
      return "an old term";
    case NoVote::kMayNotVote:
      return "may not vote until caught up";
    case NoVote::kLogBehind:
      return "its log is behind";
    case NoVote::kVotedForOther:
      return "voted for another";
    case NoVote::kDiskBusy:
      return "its own term and vote are still on their way to the disk";
  }
  RAFTLY_CHECK(false, "a refused vote without words");
}

std::string_view ToString(Objection why) {
  switch (why) {
    case Objection::kStranger:
      return "not among its peers";
    case Objection::kImpossibleNumber:
      return "a term or an index that no cluster reaches";
    case Objection::kMalformed:
      return "a log that cannot be";
    case Objection::kSecondLeader:
      return "another node leads in this term";
    case Objection::kCommittedWouldChange:
      return "a committed entry would be truncated";
    case Objection::kAnotherEntryOfOneTerm:
      return "two leaders of one term would have written the same index";
    case Objection::kWrongAnswer:
      return "an answer to what was not asked";
  }
  RAFTLY_CHECK(false, "an objection without words");
}

}  // namespace raftly
