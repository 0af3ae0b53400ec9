// The peers' messages as protobuf and back: proto/raft.proto says what each field means.
//
// Decoding never trusts: what no correct peer can have sent is InvalidArgument, and the text names the field. It
// judges form only; whether a well-formed message is true is the core's business. Entry types that are unknown here
// are carried as they are.
#pragma once

#include "absl/status/statusor.h"
#include "proto/raft.pb.h"
#include "raft/core/messages.h"

namespace raftly {

namespace pb = ::raft;

pb::VoteRequest Encode(const VoteRequest& request);
pb::VoteResponse Encode(const VoteReply& reply);
pb::AppendEntriesRequest Encode(const AppendRequest& request);
pb::AppendEntriesRequest EncodeWithoutEntries(const AppendRequest& request);
pb::AppendEntriesResponse Encode(const AppendReply& reply);
pb::SnapshotChunk Encode(const SnapshotRequest& request);
pb::SnapshotResponse Encode(const SnapshotReply& reply);
pb::TimeoutNowRequest Encode(const TimeoutNowRequest& request);
pb::TimeoutNowResponse Encode(const TimeoutNowReply& reply);
pb::FetchEntriesRequest Encode(const EntriesRequest& request);
pb::FetchEntriesResponse Encode(const EntriesReply& reply);
pb::FetchSnapshotRequest Encode(const PieceRequest& request);
pb::FetchSnapshotResponse Encode(const PieceReply& reply);
pb::ReadIndexRequest Encode(const ReadIndexRequest& request);
pb::ReadIndexResponse Encode(const ReadIndexReply& reply);
pb::ForwardRequest Encode(const ForwardRequest& request);
pb::ForwardResponse Encode(const ForwardReply& reply);

// The messages are consumed: ids and entries' data move out of them, they are not copied.
absl::StatusOr<VoteRequest> Decode(pb::VoteRequest&& message);
absl::StatusOr<VoteReply> Decode(pb::VoteResponse&& message);
absl::StatusOr<AppendRequest> Decode(pb::AppendEntriesRequest&& message);
absl::StatusOr<AppendReply> Decode(pb::AppendEntriesResponse&& message);
absl::StatusOr<SnapshotRequest> Decode(pb::SnapshotChunk&& message);
absl::StatusOr<SnapshotReply> Decode(pb::SnapshotResponse&& message);
absl::StatusOr<TimeoutNowRequest> Decode(pb::TimeoutNowRequest&& message);
absl::StatusOr<TimeoutNowReply> Decode(pb::TimeoutNowResponse&& message);
absl::StatusOr<EntriesRequest> Decode(pb::FetchEntriesRequest&& message);
absl::StatusOr<EntriesReply> Decode(pb::FetchEntriesResponse&& message);
absl::StatusOr<PieceRequest> Decode(pb::FetchSnapshotRequest&& message);
absl::StatusOr<PieceReply> Decode(pb::FetchSnapshotResponse&& message);
absl::StatusOr<ReadIndexRequest> Decode(pb::ReadIndexRequest&& message);
absl::StatusOr<ReadIndexReply> Decode(pb::ReadIndexResponse&& message);
absl::StatusOr<ForwardRequest> Decode(pb::ForwardRequest&& message);
absl::StatusOr<ForwardReply> Decode(pb::ForwardResponse&& message);

// What a message of a stream holds.
absl::StatusOr<Request> RequestIn(pb::ReplicateRequest& message);
absl::StatusOr<Reply> ReplyIn(pb::ReplicateResponse& message);
void PutReply(const Reply& reply, pb::ReplicateResponse& message);

// Protobuf writes a line to stderr for each string that is no text, and peers may send as many as they like: from here
// on it writes none, in the whole process. Such messages are refused, with or without a line.
void SilenceProtobuf();

}  // namespace raftly
