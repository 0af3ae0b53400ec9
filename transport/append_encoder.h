// Appends as bytes of ReplicateRequest, without a message object in between: entries are encoded once, however many
// peers they go to, and large commands are not copied.
#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "raft/core/messages.h"
#include "raft/env/mutex.h"

namespace raftly {

// The bytes of an append's entries. Copies share them.
struct EncodedEntries {
  std::vector<grpc::Slice> slices;
  size_t bytes = 0;
};

// Remembers what it encoded last, for the next peer. Thread-safe.
class EntryEncoder {
 public:
  // Of one log: entries of the same first and last position are the same (§5.3, the Log Matching Property).
  EncodedEntries Encode(const Entries& entries);

 private:
  Mutex mutex_;
  LogPosition first_ ABSL_GUARDED_BY(mutex_);
  LogPosition last_ ABSL_GUARDED_BY(mutex_);
  EncodedEntries encoded_ ABSL_GUARDED_BY(mutex_);
};

grpc::ByteBuffer EncodeReplicate(uint64_t number, const AppendRequest& request, const EncodedEntries& entries);

}  // namespace raftly
