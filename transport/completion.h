// What a completion queue of gRPC hands back: every tag of ours is one of these.
#pragma once

namespace raftly {

class Completion {
 public:
  // On the queue's thread. `ok` as in grpc::CompletionQueue::Next.
  virtual void OnDone(bool ok) = 0;

 protected:
  ~Completion() = default;
};

}  // namespace raftly
