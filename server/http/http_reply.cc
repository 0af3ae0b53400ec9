#include "server/http/http_reply.h"

#include <future>

namespace raftly {
namespace {

// Either kind of answer is made by who waits for it, and not by the thread that found it out.
class Asking : public HttpAsker {
 public:
  void Answer(HttpAnswer make) override { answer_.set_value(std::move(make)); }
  void AnswerAfterWaiting(HttpAnswer make) override { answer_.set_value(std::move(make)); }
  void Wake() override {}
  bool OnThread(Task) override { return false; }

  HttpResponse Await() { return answer_.get_future().get()(); }

 private:
  std::promise<HttpAnswer> answer_;
};

thread_local std::shared_ptr<const Caller> acting_for;

}  // namespace

std::shared_ptr<const Caller> ActingFor() { return acting_for; }

HttpHandler AtOnce(HttpFunction function) {
  return [function = std::move(function)](const HttpRequest& request, HttpReply reply) { reply(function(request)); };
}

HttpHandler Waiting(HttpFunction function) {
  return [function = std::move(function)](const HttpRequest& request, HttpReply reply) {
    reply.AfterWaiting([&function, &request] {
      acting_for = request.caller;
      HttpResponse response = function(request);
      acting_for = nullptr;
      return response;
    });
  };
}

HttpResponse Await(const HttpHandler& handler, const HttpRequest& request) {
  const auto caller = std::make_shared<Asking>();
  handler(request, HttpReply(caller));
  return caller->Await();
}

}  // namespace raftly
