// Tells ThreadSanitizer what gRPC's completion queue promises; compiled only for the tsan preset.
//
// Whoever takes an event from a queue sees everything that was done before the operation behind it was started. gRPC
// keeps that promise with locks inside the distribution's library, which is not instrumented. libgrpc++ then finishes
// the operation in code of its headers, which is part of our binaries and instrumented: without this file that is 360
// reports in grpc_test, all of one pair, the thread that starts a call and the thread inside CompletionQueue::Next.
//
// The definitions here come before those of libgrpc.so and pass on to them. A tag stands for one operation under way,
// so each edge is between the thread that started an operation and the one that is told of its end, and no other: what
// our own files share beyond that still wants a lock.
#include <dlfcn.h>
#include <grpc/grpc.h>
#include <sanitizer/tsan_interface.h>

#include "raft/core/check.h"

namespace {

template <class Function>
Function* Real(const char* name) {
  auto* found = reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
  RAFTLY_CHECK(found != nullptr, "the wrapped function does not exist");
  return found;
}

grpc_event Taken(grpc_event event) {
  if (event.type == GRPC_OP_COMPLETE) __tsan_acquire(event.tag);
  return event;
}

}  // namespace

extern "C" {

grpc_call_error grpc_call_start_batch(grpc_call* call, const grpc_op* ops, size_t nops, void* tag, void* reserved) {
  static auto* const real = Real<decltype(grpc_call_start_batch)>(__func__);
  __tsan_release(tag);
  return real(call, ops, nops, tag, reserved);
}

grpc_call_error grpc_server_request_registered_call(grpc_server* server, void* method, grpc_call** call,
                                                    gpr_timespec* deadline, grpc_metadata_array* metadata,
                                                    grpc_byte_buffer** payload, grpc_completion_queue* for_call,
                                                    grpc_completion_queue* for_notification, void* tag) {
  static auto* const real = Real<decltype(grpc_server_request_registered_call)>(__func__);
  __tsan_release(tag);
  return real(server, method, call, deadline, metadata, payload, for_call, for_notification, tag);
}

grpc_event grpc_completion_queue_next(grpc_completion_queue* queue, gpr_timespec deadline, void* reserved) {
  static auto* const real = Real<decltype(grpc_completion_queue_next)>(__func__);
  return Taken(real(queue, deadline, reserved));
}

}  // extern "C"
