// What clients of a node that does not lead want: it is handed to the leader, and the answer handed back. Nothing here
// decides anything about the log.
#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "raft/node/errors.h"
#include "raft/node/raft_node_impl.h"

namespace raftly {
namespace {

// Of commands in one message, but one always.
constexpr size_t kBytesPerMessage = size_t{1} << 20;
constexpr size_t kCommandsPerMessage = 1024;
// Of the answers to one message, about; a peer takes 64 MiB.
constexpr size_t kMostAnswerBytes = size_t{32} << 20;
// Messages that wait for their answers. What comes meanwhile goes in the next one, together: the leader could not write
// it down any earlier, and each message costs.
constexpr size_t kMessagesUnderWay = 4;

ForwardReply::Result ResultOf(absl::StatusOr<Applied> applied) {
  if (applied.ok()) return {.at = applied->at, .text = std::move(applied->result)};
  return {.code = static_cast<uint32_t>(applied.status().code()),
          .at = {},
          .text = std::string(applied.status().message()),
          .disk_full = IsDiskFull(applied.status())};
}

absl::StatusOr<Applied> AppliedBy(const NodeId& leader, ForwardReply::Result result) {
  if (result.code == 0) return Applied{.at = result.at, .result = std::move(result.text), .by = leader};
  if (result.disk_full) return DiskFullError();
  return absl::Status(static_cast<absl::StatusCode>(result.code), absl::StrCat(leader, ": ", result.text));
}

// What became of commands whose message was not answered.
absl::Status FateWithout(const NodeId& leader, const absl::Status& why) {
  if (absl::IsUnimplemented(why)) return NotLeaderError(leader);  // who asks may go there himself
  if (absl::IsAborted(why) || IsPeerRefused(why)) return why;
  if (absl::IsNotFound(why)) return absl::AbortedError(why.message());  // nobody to send it to
  return absl::UnavailableError(absl::StrCat("sent to ", leader, ": ", why.message()));
}

}  // namespace

// ---- The leader's side ---------------------------------------------------------------------------------------------

// Commands that came together, until the last of them is settled. From any thread.
class RaftNode::Impl::ForwardedCommands {
 public:
  ForwardedCommands(Term term, size_t count, ReplyFn reply) : open_(count), reply_(std::move(reply)) {
    answer_.term = term;
    answer_.results.resize(count);
  }

  void Settle(size_t which, absl::StatusOr<Applied> applied) {
    ForwardReply::Result& result = answer_.results[which];
    result = ResultOf(std::move(applied));
    // Their clients have to look for themselves: what is done is done.
    if (bytes_.fetch_add(result.text.size()) > kMostAnswerBytes) {
      result = {.code = static_cast<uint32_t>(absl::StatusCode::kUnavailable),
                .at = {},
                .text = "the answers to what came together are too large"};
    }
    if (--open_ == 0) reply_(Reply(std::move(answer_)));
  }

 private:
  std::atomic<size_t> open_;
  std::atomic<size_t> bytes_{0};
  ForwardReply answer_;  // each result is written by one thread, and read by the last
  ReplyFn reply_;
};

void RaftNode::Impl::ProposeForwarded(ForwardRequest request, ReplyFn reply) {
  if (!core_->configuration().Has(request.from)) {
    return reply(PeerRefusedError(
        absl::StrCat(config_.core.self, " refuses commands of ", request.from, ", which is no member of its cluster")));
  }
  if (request.commands.empty()) return reply(Reply(ForwardReply{.term = core_->term(), .results = {}}));
  const Time now = environment_.loop.Now();
  const Time deadline = now + std::max(request.patience, Duration::zero());
  auto batch = std::make_shared<ForwardedCommands>(core_->term(), request.commands.size(), std::move(reply));
  for (size_t i = 0; i < request.commands.size(); ++i) {
    ForwardRequest::Command& command = request.commands[i];
    const size_t bytes = command.data.size();
    SettleProposal settle(
        Counted(bytes, [batch, i](absl::StatusOr<Applied> applied) mutable { batch->Settle(i, std::move(applied)); }));
    absl::Status refused = RoomFor(bytes);
    if (!refused.ok()) {
      settle(std::move(refused));
      continue;
    }
    const RequestId id = pending_.AddProposal(deadline, std::move(settle));
    const Effect effect = command.frees_space ? Effect::kFrees : Effect::kStores;
    if (core_->handing_over()) {
      forward_by_ = std::min(forward_by_, deadline);
      to_forward_.push_back({id, std::move(command.data), effect, deadline, command.features});
    } else {
      ProposeHere(id, std::move(command.data), effect, command.features);
    }
  }
}

// ---- The other side ------------------------------------------------------------------------------------------------

bool RaftNode::Impl::Forwards() {
  if (!config_.forward || core_->role() != Role::kFollower || core_->leader().empty()) return false;
  if (takes_no_commands_ != core_->leader() || takes_no_commands_in_ != core_->term()) takes_no_commands_.clear();
  return takes_no_commands_.empty();
}

void RaftNode::Impl::ForwardCommands(Time now) {
  if (now >= forward_by_) DropOverdue(now);
  if (core_->handing_over()) return;  // it will soon be clear who leads
  // Those to the leader of another term may never be answered, and are nothing to this one.
  if (std::exchange(forwards_term_, core_->term()) != core_->term()) forwards_under_way_ = 0;
  // Another leads by now, or this node, or nobody that could be asked.
  if (!to_forward_.empty() && !Forwards()) {
    for (ToForward& one : std::exchange(to_forward_, {}))
      ProposeHere(one.id, std::move(one.command), one.effect, one.features);
  }
  while (!to_forward_.empty() && forwards_under_way_ < kMessagesUnderWay) ForwardSome(now);
}

// They were never sent, and are not to be sent late.
void RaftNode::Impl::DropOverdue(Time now) {
  forward_by_ = kNever;
  std::erase_if(to_forward_, [&](const ToForward& one) {
    if (one.deadline > now) {
      forward_by_ = std::min(forward_by_, one.deadline);
      return false;
    }
    pending_.Settle(one.id, absl::AbortedError("not sent to the leader in time"));
    return true;
  });
}

// As many as one message takes.
void RaftNode::Impl::ForwardSome(Time now) {
  ForwardRequest request{.from = config_.core.self, .commands = {}, .stamp = StampFor(core_->leader())};
  std::vector<RequestId> ids;
  size_t bytes = 0;
  Time until = now;
  for (; !to_forward_.empty() && ids.size() < kCommandsPerMessage; to_forward_.pop_front()) {
    ToForward& next = to_forward_.front();
    if (!ids.empty() && bytes + next.command.size() > kBytesPerMessage) break;
    bytes += next.command.size();
    until = std::max(until, next.deadline);
    ids.push_back(next.id);
    request.commands.push_back({std::move(next.command), next.effect == Effect::kFrees, next.features});
  }
  request.patience = until - now;
  ++forwards_under_way_;
  const Duration patience = request.patience;
  environment_.transport.Call(core_->leader(), std::move(request), patience,
                              [self = shared_from_this(), leader = core_->leader(), term = core_->term(),
                               ids = std::move(ids)](absl::StatusOr<Reply> reply) mutable {
                                self->Enqueue(FromLeader{leader, term, std::move(ids), std::move(reply)});
                              });
}

void RaftNode::Impl::Take(FromLeader& item) {
  if (item.term == forwards_term_) --forwards_under_way_;
  absl::Status fate = item.reply.status();
  auto* const answer = item.reply.ok() ? std::get_if<ForwardReply>(&*item.reply) : nullptr;
  if (answer != nullptr && answer->results.size() == item.ids.size()) {
    for (size_t i = 0; i < item.ids.size(); ++i) {
      pending_.Settle(item.ids[i], AppliedBy(item.leader, std::move(answer->results[i])));
    }
    return;
  }
  if (fate.ok()) fate = absl::InternalError("its answer is not one to what was asked");
  if (absl::IsUnimplemented(fate)) {
    takes_no_commands_ = item.leader;
    takes_no_commands_in_ = item.term;
  }
  if (observer_ != nullptr && !absl::IsUnimplemented(fate)) observer_->OnCallFailed(item.leader, fate);
  for (const RequestId id : item.ids) pending_.Settle(id, FateWithout(item.leader, fate));
}

}  // namespace raftly
