#include "raft/node/errors.h"

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"

namespace raftly {

namespace {

constexpr char kLeaderPayload[] = "raftly/leader";
constexpr char kDiskFullPayload[] = "raftly/disk-full";

}  // namespace

absl::Status NotLeaderError(const NodeId& leader_hint) {
  absl::Status status = absl::FailedPreconditionError(
      leader_hint.empty() ? "not the leader, and none is known" : absl::StrCat("not the leader, ask ", leader_hint));
  if (!leader_hint.empty()) status.SetPayload(kLeaderPayload, absl::Cord(leader_hint));
  return status;
}

absl::Status OverwrittenError(LogPosition ours, Term theirs) {
  return absl::AbortedError(absl::StrCat("entry ", ours.index.value, " of term ", ours.term.value,
                                         " was replaced by one of term ", theirs.value));
}

absl::Status TooLargeError(size_t bytes, size_t limit) {
  return absl::InvalidArgumentError(absl::StrCat("a command of ", bytes, " bytes, at most ", limit, " may be"));
}

absl::Status ChangeUnderWayError() {
  return absl::AlreadyExistsError("another change of the members is under way, or may be");
}
// Aborted: certainly not applied, and soon there is a leader again.
absl::Status HandingOverError() { return absl::AbortedError("the lead is being handed over"); }
absl::Status OtherHandOverError() {
  return absl::AlreadyExistsError("the lead is being handed over to another node already");
}
absl::Status NoVoterError() { return absl::NotFoundError("there is no such voter"); }
absl::Status NoSuccessorError() {
  return absl::UnavailableError("who is to lead does not answer, lacks disk space, or is too old for it");
}
absl::Status NotTakenOverError() {
  return absl::UnavailableError("the lead was not taken over within an election timeout");
}

absl::Status IllegalChangeError(const std::string& why) {
  return absl::InvalidArgumentError(
      absl::StrCat("these members may not follow those that are", why.empty() ? "" : ": ", why));
}
absl::Status NotUnderstoodError(const NodeId& node) {
  return absl::UnimplementedError(absl::StrCat(node, " does not understand this, or has not been heard of yet"));
}

absl::Status QueueFullError() { return absl::ResourceExhaustedError("too many requests are waiting"); }

absl::Status DiskFullError() {
  absl::Status status = absl::ResourceExhaustedError("the disk is full");
  status.SetPayload(kDiskFullPayload, absl::Cord("1"));
  return status;
}

absl::Status RepairingError() {
  return absl::FailedPreconditionError("this node mends its damaged log, and takes no part");
}

absl::Status StoppingError() { return absl::UnavailableError("the node does not run, the outcome is unknown"); }

absl::Status TimedOutError() { return absl::DeadlineExceededError("not settled in time, the outcome is unknown"); }

NodeId LeaderHint(const absl::Status& status) {
  const auto payload = status.GetPayload(kLeaderPayload);
  return payload ? NodeId(*payload) : NodeId();
}

bool IsDiskFull(const absl::Status& status) { return status.GetPayload(kDiskFullPayload).has_value(); }

absl::Status PeerRefusedError(const std::string& why) { return absl::FailedPreconditionError(why); }

// PermissionDenied: the peer knows by our certificate that we are not whom we say.
bool IsPeerRefused(const absl::Status& status) {
  return absl::IsFailedPrecondition(status) || absl::IsPermissionDenied(status);
}

}  // namespace raftly
