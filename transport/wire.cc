#include "transport/wire.h"

#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "raft/core/check.h"
#include "raft/storage/checksum.h"

namespace raftly {
namespace {

constexpr int kMostForwarded = 65536;  // commands in one message

void EncodeEntry(const Entry& entry, pb::LogEntry* message) {
  message->set_index(entry.index.value);
  message->set_term(entry.term.value);
  message->set_type(static_cast<int32_t>(entry.type));
  if (!entry.data.empty()) message->set_data(entry.data.view().data(), entry.data.size());
}

Entry DecodeEntry(pb::LogEntry& message) {
  return {.index = {message.index()},
          .term = {message.term()},
          .type = static_cast<EntryType>(message.type()),
          .data = Bytes(std::move(*message.mutable_data()))};
}

template <class Message>
void EncodeStamp(const Stamp& stamp, Message& message) {
  if (!stamp.cluster_id.empty()) message.set_cluster_id(stamp.cluster_id);
  if (!stamp.to.empty()) message.set_to(stamp.to);
  if (!stamp.incarnation.empty()) message.set_from_incarnation(stamp.incarnation);
  if (!stamp.to_incarnation.empty()) message.set_to_incarnation(stamp.to_incarnation);
}

template <class Message>
Stamp DecodeStamp(Message& message) {
  return {.cluster_id = std::move(*message.mutable_cluster_id()),
          .to = std::move(*message.mutable_to()),
          .incarnation = std::move(*message.mutable_from_incarnation()),
          .to_incarnation = std::move(*message.mutable_to_incarnation())};
}

absl::StatusOr<Entries> DecodeEntries(Index prev, google::protobuf::RepeatedPtrField<pb::LogEntry>& messages) {
  const auto count = static_cast<uint64_t>(messages.size());
  if (prev.value > std::numeric_limits<uint64_t>::max() - count) {
    return absl::InvalidArgumentError(absl::StrCat("prev_log_index: no room for entries after ", prev.value));
  }
  Entries entries;
  entries.reserve(count);
  Index expected = prev + 1;
  for (pb::LogEntry& message : messages) {
    if (message.index() != expected.value) {
      return absl::InvalidArgumentError(absl::StrCat("entries[", entries.size(), "].index: ", message.index(),
                                                     " where ", expected.value, " follows prev_log_index"));
    }
    entries.push_back(DecodeEntry(message));
    ++expected;
  }
  return entries;
}

pb::FetchEntriesResponse::Proof EncodeProof(Proof proof) {
  switch (proof) {
    case Proof::kHeld:
      return pb::FetchEntriesResponse::HELD;
    case Proof::kReplaced:
      return pb::FetchEntriesResponse::REPLACED;
    case Proof::kCompacted:
      return pb::FetchEntriesResponse::COMPACTED;
    case Proof::kMissing:
      break;
  }
  return pb::FetchEntriesResponse::MISSING;
}

// What is not known here proves nothing.
Proof DecodeProof(pb::FetchEntriesResponse::Proof proof) {
  switch (proof) {
    case pb::FetchEntriesResponse::HELD:
      return Proof::kHeld;
    case pb::FetchEntriesResponse::REPLACED:
      return Proof::kReplaced;
    case pb::FetchEntriesResponse::COMPACTED:
      return Proof::kCompacted;
    default:
      return Proof::kMissing;
  }
}

}  // namespace

pb::VoteRequest Encode(const VoteRequest& request) {
  pb::VoteRequest message;
  message.set_term(request.term.value);
  message.set_candidate_id(request.candidate);
  message.set_last_log_index(request.last_log.index.value);
  message.set_last_log_term(request.last_log.term.value);
  message.set_pre_vote(request.pre_vote);
  message.set_handed_over(request.handed_over);
  EncodeStamp(request.stamp, message);
  return message;
}

absl::StatusOr<VoteRequest> Decode(pb::VoteRequest&& message) {
  return VoteRequest{.term = {message.term()},
                     .candidate = std::move(*message.mutable_candidate_id()),
                     .last_log = {.term = {message.last_log_term()}, .index = {message.last_log_index()}},
                     .pre_vote = message.pre_vote(),
                     .handed_over = message.handed_over(),
                     .stamp = DecodeStamp(message)};
}

pb::VoteResponse Encode(const VoteReply& reply) {
  pb::VoteResponse message;
  message.set_term(reply.term.value);
  message.set_vote_granted(reply.granted);
  return message;
}

absl::StatusOr<VoteReply> Decode(pb::VoteResponse&& message) {
  return VoteReply{.term = {message.term()}, .granted = message.vote_granted()};
}

pb::AppendEntriesRequest EncodeWithoutEntries(const AppendRequest& request) {
  pb::AppendEntriesRequest message;
  message.set_term(request.term.value);
  message.set_leader_id(request.leader);
  message.set_prev_log_index(request.prev.index.value);
  message.set_prev_log_term(request.prev.term.value);
  message.set_leader_commit(request.commit.value);
  message.set_leader_last_index(request.leader_last.value);
  EncodeStamp(request.stamp, message);
  message.set_introduce(request.stamp.introduce);
  return message;
}

pb::AppendEntriesRequest Encode(const AppendRequest& request) {
  pb::AppendEntriesRequest message = EncodeWithoutEntries(request);
  message.mutable_entries()->Reserve(static_cast<int>(request.entries.size()));
  for (const Entry& entry : request.entries) EncodeEntry(entry, message.add_entries());
  return message;
}

absl::StatusOr<AppendRequest> Decode(pb::AppendEntriesRequest&& message) {
  const Index prev{message.prev_log_index()};
  absl::StatusOr<Entries> entries = DecodeEntries(prev, *message.mutable_entries());
  if (!entries.ok()) return entries.status();
  Stamp stamp = DecodeStamp(message);
  stamp.introduce = message.introduce();
  return AppendRequest{.term = {message.term()},
                       .leader = std::move(*message.mutable_leader_id()),
                       .prev = {.term = {message.prev_log_term()}, .index = prev},
                       .entries = *std::move(entries),
                       .commit = {message.leader_commit()},
                       .leader_last = {message.leader_last_index()},
                       .stamp = std::move(stamp)};
}

pb::AppendEntriesResponse Encode(const AppendReply& reply) {
  pb::AppendEntriesResponse message;
  message.set_term(reply.term.value);
  message.set_success(reply.success);
  message.set_conflict_term(reply.conflict_term.value);
  message.set_conflict_index(reply.conflict_index.value);
  message.set_no_space(static_cast<uint32_t>(reply.space));
  message.set_features(reply.features);
  message.set_may_not_vote(!reply.may_vote);
  if (reply.introduction) {
    message.set_incarnation(reply.introduction->incarnation);
    message.set_version(reply.introduction->version);
  }
  return message;
}

absl::StatusOr<AppendReply> Decode(pb::AppendEntriesResponse&& message) {
  std::optional<Introduction> introduction;
  if (!message.incarnation().empty()) {
    introduction = {std::move(*message.mutable_incarnation()), std::move(*message.mutable_version())};
  }
  return AppendReply{.term = {message.term()},
                     .success = message.success(),
                     .conflict_term = {message.conflict_term()},
                     .conflict_index = {message.conflict_index()},
                     .space = static_cast<Space>(std::min(message.no_space(), static_cast<uint32_t>(Space::kNone))),
                     .features = message.features(),
                     .may_vote = !message.may_not_vote(),
                     .introduction = std::move(introduction)};
}

pb::SnapshotChunk Encode(const SnapshotRequest& request) {
  pb::SnapshotChunk message;
  message.set_term(request.term.value);
  message.set_leader_id(request.leader);
  message.set_last_included_index(request.last_included.index.value);
  message.set_last_included_term(request.last_included.term.value);
  message.set_total_size(request.size);
  message.set_offset(request.offset);
  message.set_data(request.data.view().data(), request.data.size());
  message.set_crc(Checksum(request.data.view()));
  EncodeStamp(request.stamp, message);
  return message;
}

absl::StatusOr<SnapshotRequest> Decode(pb::SnapshotChunk&& message) {
  if (Checksum(message.data()) != message.crc()) {
    return absl::InvalidArgumentError(absl::StrCat("crc: does not match the data at offset ", message.offset()));
  }
  return SnapshotRequest{
      .term = {message.term()},
      .leader = std::move(*message.mutable_leader_id()),
      .last_included = {.term = {message.last_included_term()}, .index = {message.last_included_index()}},
      .offset = message.offset(),
      .size = message.total_size(),
      .data = Bytes(std::move(*message.mutable_data())),
      .stamp = DecodeStamp(message)};
}

pb::SnapshotResponse Encode(const SnapshotReply& reply) {
  pb::SnapshotResponse message;
  message.set_term(reply.term.value);
  message.set_offset(reply.offset);
  message.set_installed(reply.installed);
  return message;
}

absl::StatusOr<SnapshotReply> Decode(pb::SnapshotResponse&& message) {
  return SnapshotReply{.term = {message.term()}, .offset = message.offset(), .installed = message.installed()};
}

pb::TimeoutNowRequest Encode(const TimeoutNowRequest& request) {
  pb::TimeoutNowRequest message;
  message.set_term(request.term.value);
  message.set_leader_id(request.leader);
  EncodeStamp(request.stamp, message);
  return message;
}

absl::StatusOr<TimeoutNowRequest> Decode(pb::TimeoutNowRequest&& message) {
  return TimeoutNowRequest{
      .term = {message.term()}, .leader = std::move(*message.mutable_leader_id()), .stamp = DecodeStamp(message)};
}

pb::TimeoutNowResponse Encode(const TimeoutNowReply& reply) {
  pb::TimeoutNowResponse message;
  message.set_term(reply.term.value);
  message.set_campaigns(reply.campaigns);
  return message;
}

absl::StatusOr<TimeoutNowReply> Decode(pb::TimeoutNowResponse&& message) {
  return TimeoutNowReply{.term = {message.term()}, .campaigns = message.campaigns()};
}

// ---- What a node whose disk was damaged asks for -------------------------------------------------------------------

pb::FetchEntriesRequest Encode(const EntriesRequest& request) {
  pb::FetchEntriesRequest message;
  message.set_from(request.from);
  message.set_first_index(request.first.value);
  message.set_proof_index(request.proof.index.value);
  message.set_proof_term(request.proof.term.value);
  EncodeStamp(request.stamp, message);
  return message;
}

absl::StatusOr<EntriesRequest> Decode(pb::FetchEntriesRequest&& message) {
  EntriesRequest request{.from = std::move(*message.mutable_from()),
                         .first = {message.first_index()},
                         .proof = {.term = {message.proof_term()}, .index = {message.proof_index()}},
                         .stamp = DecodeStamp(message)};
  if (!request.first) return absl::InvalidArgumentError("first_index: 0");
  if (request.proof.index < request.first) {
    return absl::InvalidArgumentError(
        absl::StrCat("proof_index: ", request.proof.index.value, " is before first_index, ", request.first.value));
  }
  return request;
}

pb::FetchEntriesResponse Encode(const EntriesReply& reply) {
  pb::FetchEntriesResponse message;
  message.set_term(reply.term.value);
  message.set_proof(EncodeProof(reply.proof));
  message.set_prev_log_index(reply.previous.index.value);
  message.set_prev_log_term(reply.previous.term.value);
  message.set_first_log_index(reply.begins.value);
  message.set_snapshot_index(reply.snapshot.index.value);
  message.set_snapshot_term(reply.snapshot.term.value);
  for (const Entry& entry : reply.entries) EncodeEntry(entry, message.add_entries());
  return message;
}

absl::StatusOr<EntriesReply> Decode(pb::FetchEntriesResponse&& message) {
  const Index previous{message.prev_log_index()};
  absl::StatusOr<Entries> entries = DecodeEntries(previous, *message.mutable_entries());
  if (!entries.ok()) return entries.status();
  return EntriesReply{.term = {message.term()},
                      .proof = DecodeProof(message.proof()),
                      .previous = {.term = {message.prev_log_term()}, .index = previous},
                      .entries = *std::move(entries),
                      .begins = {message.first_log_index()},
                      .snapshot = {.term = {message.snapshot_term()}, .index = {message.snapshot_index()}}};
}

pb::FetchSnapshotRequest Encode(const PieceRequest& request) {
  pb::FetchSnapshotRequest message;
  message.set_from(request.from);
  message.set_last_included_index(request.last_included.index.value);
  message.set_last_included_term(request.last_included.term.value);
  message.set_offset(request.offset);
  message.set_at_least_index(request.at_least.value);
  EncodeStamp(request.stamp, message);
  return message;
}

absl::StatusOr<PieceRequest> Decode(pb::FetchSnapshotRequest&& message) {
  return PieceRequest{
      .from = std::move(*message.mutable_from()),
      .at_least = {message.at_least_index()},
      .last_included = {.term = {message.last_included_term()}, .index = {message.last_included_index()}},
      .offset = message.offset(),
      .stamp = DecodeStamp(message)};
}

pb::FetchSnapshotResponse Encode(const PieceReply& reply) {
  pb::FetchSnapshotResponse message;
  message.set_term(reply.term.value);
  message.set_last_included_index(reply.last_included.index.value);
  message.set_last_included_term(reply.last_included.term.value);
  message.set_total_size(reply.size);
  message.set_data(reply.data.view().data(), reply.data.size());
  message.set_crc(Checksum(reply.data.view()));
  return message;
}

absl::StatusOr<PieceReply> Decode(pb::FetchSnapshotResponse&& message) {
  if (Checksum(message.data()) != message.crc()) return absl::InvalidArgumentError("crc: does not match the data");
  return PieceReply{.term = {message.term()},
                    .last_included = {.term = {message.last_included_term()}, .index = {message.last_included_index()}},
                    .size = message.total_size(),
                    .data = Bytes(std::move(*message.mutable_data()))};
}

// --------------------------------------------------------------------------------------------------------------------

pb::ReadIndexRequest Encode(const ReadIndexRequest& request) {
  pb::ReadIndexRequest message;
  message.set_from(request.from);
  message.set_term(request.term.value);
  EncodeStamp(request.stamp, message);
  return message;
}

absl::StatusOr<ReadIndexRequest> Decode(pb::ReadIndexRequest&& message) {
  return ReadIndexRequest{
      .from = std::move(*message.mutable_from()), .term = {message.term()}, .stamp = DecodeStamp(message)};
}

pb::ReadIndexResponse Encode(const ReadIndexReply& reply) {
  pb::ReadIndexResponse message;
  message.set_term(reply.term.value);
  message.set_leads(reply.commit.has_value());
  if (reply.commit) message.set_commit_index(reply.commit->value);
  return message;
}

absl::StatusOr<ReadIndexReply> Decode(pb::ReadIndexResponse&& message) {
  ReadIndexReply reply{.term = {message.term()}, .commit = {}};
  if (message.leads()) reply.commit = Index{message.commit_index()};
  return reply;
}

pb::ForwardRequest Encode(const ForwardRequest& request) {
  pb::ForwardRequest message;
  message.set_from(request.from);
  const auto patience = std::chrono::ceil<std::chrono::milliseconds>(std::max(request.patience, Duration::zero()));
  message.set_patience_ms(static_cast<uint32_t>(std::min<int64_t>(patience.count(), UINT32_MAX)));
  for (const ForwardRequest::Command& command : request.commands) {
    pb::ForwardedCommand& added = *message.add_commands();
    added.set_data(command.data);
    added.set_frees_space(command.frees_space);
    added.set_features(command.features);
  }
  EncodeStamp(request.stamp, message);
  return message;
}

absl::StatusOr<ForwardRequest> Decode(pb::ForwardRequest&& message) {
  if (message.commands_size() > kMostForwarded) {
    return absl::InvalidArgumentError(absl::StrCat("commands: ", message.commands_size(), " of them"));
  }
  ForwardRequest request{.from = std::move(*message.mutable_from()),
                         .commands = {},
                         .patience = std::chrono::milliseconds(message.patience_ms()),
                         .stamp = DecodeStamp(message)};
  request.commands.reserve(static_cast<size_t>(message.commands_size()));
  for (pb::ForwardedCommand& command : *message.mutable_commands()) {
    request.commands.push_back({std::move(*command.mutable_data()), command.frees_space(), command.features()});
  }
  return request;
}

pb::ForwardResponse Encode(const ForwardReply& reply) {
  pb::ForwardResponse message;
  message.set_term(reply.term.value);
  for (const ForwardReply::Result& result : reply.results) {
    pb::ForwardedResult& added = *message.add_results();
    added.set_code(result.code);
    added.set_log_index(result.at.index.value);
    added.set_log_term(result.at.term.value);
    added.set_text(result.text);
    added.set_disk_full(result.disk_full);
  }
  return message;
}

absl::StatusOr<ForwardReply> Decode(pb::ForwardResponse&& message) {
  ForwardReply reply{.term = {message.term()}, .results = {}};
  reply.results.reserve(static_cast<size_t>(message.results_size()));
  for (pb::ForwardedResult& result : *message.mutable_results()) {
    reply.results.push_back({.code = result.code(),
                             .at = {.term = {result.log_term()}, .index = {result.log_index()}},
                             .text = std::move(*result.mutable_text()),
                             .disk_full = result.disk_full()});
  }
  return reply;
}

// ---- Streams ------------------------------------------------------------------------------------------------------

namespace {

template <class Variant, class Message>
absl::StatusOr<Variant> Decoded(Message& message) {
  auto decoded = Decode(std::move(message));
  if (!decoded.ok()) return decoded.status();
  return Variant(*std::move(decoded));
}

}  // namespace

absl::StatusOr<Request> RequestIn(pb::ReplicateRequest& message) {
  if (message.has_read_index()) return Decoded<Request>(*message.mutable_read_index());
  if (message.has_forward()) return Decoded<Request>(*message.mutable_forward());
  if (message.has_append()) return Decoded<Request>(*message.mutable_append());
  return absl::UnimplementedError("a message of a kind that is not known here");
}

absl::StatusOr<Reply> ReplyIn(pb::ReplicateResponse& message) {
  if (message.has_read_index()) return Decoded<Reply>(*message.mutable_read_index());
  if (message.has_forward()) return Decoded<Reply>(*message.mutable_forward());
  if (message.has_append()) return Decoded<Reply>(*message.mutable_append());
  return absl::InternalError("an answer of a kind that is not known here");
}

void PutReply(const Reply& reply, pb::ReplicateResponse& message) {
  if (const auto* append = std::get_if<AppendReply>(&reply)) {
    *message.mutable_append() = Encode(*append);
  } else if (const auto* read = std::get_if<ReadIndexReply>(&reply)) {
    *message.mutable_read_index() = Encode(*read);
  } else {
    const auto* forward = std::get_if<ForwardReply>(&reply);
    RAFTLY_CHECK(forward != nullptr, "what came on a stream would be answered as something else");
    *message.mutable_forward() = Encode(*forward);
  }
}

void SilenceProtobuf() { google::protobuf::SetLogHandler(nullptr); }

}  // namespace raftly
