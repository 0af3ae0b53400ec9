// Handles what a completion queue has done at once on the thread that asked for it, instead of waking the queue's own:
// a message that goes straight into its socket is sent by the time that the call to send it returns.
//
//   {
//     AtOnce at_once(queue);
//     MutexLock lock(mutex);
//     stream->Write(message, tag);
//   }  // OnDone of the tag may have run here; it takes locks of its own
//
// Holds back one completion; further ones go to the queue as usual. Within the OnDone that runs here it has no effect.
#pragma once

#include <grpc/grpc.h>
#include <grpcpp/completion_queue.h>

#include "transport/completion.h"

namespace raftly {

class AtOnce {
 public:
  // The queue's users stop before the queue does: it waits for what is held back here.
  explicit AtOnce(grpc::CompletionQueue& queue) : queue_(active ? nullptr : queue.cq()) {
    if (queue_ != nullptr) grpc_completion_queue_thread_local_cache_init(queue_);
  }
  ~AtOnce() {
    if (queue_ == nullptr) return;
    void* tag = nullptr;
    int success = 0;
    if (grpc_completion_queue_thread_local_cache_flush(queue_, &tag, &success) == 0) return;
    bool ok = success != 0;
    // As grpc::CompletionQueue::Next does it.
    if (!static_cast<grpc::internal::CompletionQueueTag*>(tag)->FinalizeResult(&tag, &ok)) return;
    active = true;
    static_cast<Completion*>(tag)->OnDone(ok);
    active = false;
  }
  AtOnce(const AtOnce&) = delete;
  AtOnce& operator=(const AtOnce&) = delete;

 private:
  static inline thread_local bool active = false;

  grpc_completion_queue* const queue_;
};

}  // namespace raftly
