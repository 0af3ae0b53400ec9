// How a handler answers: once, now or later, from any thread.
//
//   void Ask(const HttpRequest& request, HttpReply reply) {
//     node.Read([reply = std::move(reply)](Value value) mutable { reply([value] { return ToJson(value); }); });
//   }
//
// The request lives until its reply has been called, or destroyed.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "raft/env/executor.h"
#include "server/http/http_message.h"

namespace raftly {

// An answer that is known but not yet made: the node's threads, which find it out, have better to do.
using HttpAnswer = absl::AnyInvocable<HttpResponse()>;

// Who waits for an answer: a client's connection, or a caller within this process. From any thread.
class HttpAsker {
 public:
  virtual ~HttpAsker() = default;
  // `make` does not wait: it runs on the thread that sends.
  virtual void Answer(HttpAnswer make) = 0;
  // `make` may wait: it runs on a thread for that.
  virtual void AnswerAfterWaiting(HttpAnswer make) = 0;

  // For the answer's source. There is something new: ask it again. As often as it likes, also within Next.
  virtual void Wake() = 0;
  // Runs `task`, which may wait, on a thread for that. False: too many wait for one, and the task was dropped.
  virtual bool OnThread(Task task) = 0;
};

class HttpReply {
 public:
  explicit HttpReply(std::shared_ptr<HttpAsker> asker) : asker_(std::move(asker)) {}

  // One of these, once.
  void operator()(HttpAnswer make) { std::exchange(asker_, nullptr)->Answer(std::move(make)); }
  void operator()(HttpResponse response) {
    (*this)([response = std::move(response)]() mutable { return std::move(response); });
  }
  void AfterWaiting(HttpAnswer make) { std::exchange(asker_, nullptr)->AnswerAfterWaiting(std::move(make)); }

 private:
  std::shared_ptr<HttpAsker> asker_;
};

// Does not wait.
using HttpHandler = std::function<void(const HttpRequest& request, HttpReply reply)>;
// What a handler comes to where nothing but the request decides.
using HttpFunction = std::function<HttpResponse(const HttpRequest& request)>;

// For a function that looks at memory, and no longer than a millisecond.
HttpHandler AtOnce(HttpFunction function);
// For one that may wait as long as it takes: for other nodes, processes, the disk.
HttpHandler Waiting(HttpFunction function);
// For whom this thread does what it does: the caller of the request that it serves, within a Waiting function; null:
// nobody in particular. What it asks of other nodes is asked for him.
std::shared_ptr<const Caller> ActingFor();

// For callers within this process, who may wait: all that the handler has to wait for runs on their thread.
HttpResponse Await(const HttpHandler& handler, const HttpRequest& request);

}  // namespace raftly
