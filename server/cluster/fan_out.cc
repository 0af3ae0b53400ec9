#include "server/cluster/fan_out.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "server/cluster/go_leader.h"
#include "server/http/http_reply.h"
#include "server/kv/json.h"

namespace raftly {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// The gathering ends this much after the calls should have ended by themselves.
constexpr milliseconds kGrace{50};

absl::Status NoAnswer(const std::string& why) { return absl::UnavailableError(why); }

// The newline at the end is for people: bodies are put together here.
FanOut::Body BodyOf(HttpResponse response) {
  if (response.status == 200 && !response.body.empty() && response.body.back() == '\n') response.body.pop_back();
  if (response.status == 200) return std::move(response.body);
  const auto object = ParseJsonObject(response.body);
  const JsonField* error = object.ok() ? object->Find("error") : nullptr;
  return NoAnswer(error != nullptr ? std::string(error->text) : absl::StrCat("HTTP status ", response.status));
}

// Of whoever this thread acts for.
HttpRequest OnBehalf(HttpRequest request) {
  request.caller = ActingFor();
  return request;
}

milliseconds Left(steady_clock::time_point deadline) {
  return std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
}

}  // namespace

// Shared with calls that outlive the patience of who asked.
struct FanOut::Gathering {
  void Put(const NodeId& node, Body body) {
    MutexLock lock(mutex);
    bodies.insert_or_assign(node, std::move(body));
    --missing;
    changed.NotifyAll();
  }

  Mutex mutex;
  CondVar changed;
  size_t missing ABSL_GUARDED_BY(mutex) = 0;
  Bodies bodies ABSL_GUARDED_BY(mutex);
};

FanOut::FanOut(NodeId self, Nodes nodes, Handler own, PeerCaller& peers)
    : self_(std::move(self)), nodes_(std::move(nodes)), own_(std::move(own)), peers_(peers) {}

FanOut::~FanOut() { Stop(); }

FanOut::Body FanOut::AskOne(const NodeId& node, const HttpRequest& request, milliseconds patience) {
  if (node == self_) return BodyOf(own_(request));
  const auto deadline = steady_clock::now() + patience;
  PeerAnswer answer = peers_.Call(node, request, patience);
  // A kept connection may have been closed by a restart just now; asking twice changes nothing.
  const bool again = request.method == "GET" && answer.outcome == PeerAnswer::Outcome::kNoAnswer;
  if (again && Left(deadline) > patience / 2) answer = peers_.Call(node, request, Left(deadline));
  if (answer.outcome != PeerAnswer::Outcome::kAnswered) return NoAnswer(answer.error);
  Remember(node, AnsweredByGo(answer.response));
  return BodyOf(std::move(answer.response));
}

void FanOut::Remember(const NodeId& node, bool go) {
  MutexLock lock(mutex_);
  if (go) {
    go_.insert(node);
  } else {
    go_.erase(node);
  }
}

bool FanOut::IsGo(const NodeId& node) const {
  MutexLock lock(mutex_);
  return go_.contains(node);
}

bool FanOut::Submit(const NodeId& node, std::function<void()> task) {
  std::shared_ptr<WorkerPool> threads;
  {
    MutexLock lock(mutex_);
    if (stopped_) return false;
    std::shared_ptr<WorkerPool>& pool = threads_[node];
    if (pool == nullptr) pool = std::make_shared<WorkerPool>(kMaxCalls, kMaxWaiting);
    threads = pool;
  }
  return threads->Submit(std::move(task)) != WorkerPool::Place::kRefused;
}

FanOut::Bodies FanOut::Ask(const std::map<NodeId, HttpRequest>& requests) {
  const auto deadline = steady_clock::now() + kPatience;
  const auto gathering = std::make_shared<Gathering>();
  {
    MutexLock lock(gathering->mutex);
    gathering->missing = requests.size();
    for (const auto& [node, request] : requests) gathering->bodies.emplace(node, NoAnswer("no answer in time"));
  }
  for (const auto& [node, request] : requests) {
    if (node == self_) continue;
    const bool taken = Submit(node, [this, gathering, deadline, node = node, request = OnBehalf(request)] {
      const milliseconds left = Left(deadline);
      if (left > milliseconds::zero()) gathering->Put(node, AskOne(node, request, left));
    });
    if (!taken) gathering->Put(node, NoAnswer("too many requests to this node are under way"));
  }
  const auto own = requests.find(self_);
  if (own != requests.end()) gathering->Put(self_, AskOne(self_, own->second));
  MutexLock lock(gathering->mutex);
  while (gathering->missing > 0) {
    if (!gathering->changed.WaitUntil(gathering->mutex, deadline + kGrace)) break;
  }
  return gathering->bodies;
}

FanOut::Bodies FanOut::AskAll(const HttpRequest& request) {
  std::map<NodeId, HttpRequest> requests;
  for (const NodeId& node : nodes()) requests.emplace(node, request);
  return Ask(requests);
}

void FanOut::Stop() {
  std::map<NodeId, std::shared_ptr<WorkerPool>> threads;
  {
    MutexLock lock(mutex_);
    stopped_ = true;
    threads = threads_;
  }
  for (auto& [node, pool] : threads) pool->Stop();
}

}  // namespace raftly
