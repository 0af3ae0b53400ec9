#include "server/events/cluster_watcher.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "server/cluster/cluster_view.h"
#include "server/http/kv_api.h"

namespace raftly {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// A healthy node answers in a millisecond or two. What comes later is seen in the next look.
constexpr milliseconds kLookPatience{60};
constexpr std::array<Topic, 5> kAllTopics = {Topic::kStatus, Topic::kChaos, Topic::kLog, Topic::kLinks,
                                             Topic::kMembers};

size_t Place(Topic topic) { return static_cast<size_t>(topic); }

HttpRequest Get(const std::string& target) { return {.method = "GET", .target = target}; }

// What a node knows itself: marked as passed on, it is not asked of the leader in turn.
HttpRequest MembersRequest(const NodeId& self) {
  return {.method = "GET", .target = "/api/cluster/members", .headers = {{kForwardedHeader, self}}};
}

// All nodes' answers; nullopt where one was not asked yet.
template <class SeenT, class MemberT>
std::optional<FanOut::Bodies> Gather(const std::map<NodeId, SeenT>& seen, MemberT member) {
  FanOut::Bodies bodies;
  for (const auto& [node, one] : seen) {
    const std::optional<FanOut::Body>& body = one.*member;
    if (!body) return std::nullopt;
    bodies.emplace(node, *body);
  }
  return bodies;
}

}  // namespace

ClusterWatcher::ClusterWatcher(FanOut& fan_out, EventLog& events) : fan_out_(fan_out), events_(events) {
  for (const NodeId& node : fan_out.nodes()) seen_.try_emplace(node);
}

ClusterWatcher::~ClusterWatcher() { Stop(); }

void ClusterWatcher::Start() {
  thread_ = std::thread([this] { Run(); });
}

void ClusterWatcher::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
  // Questions under way refer to this object. They end by themselves.
  MutexLock lock(mutex_);
  const auto asking = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return std::any_of(seen_.begin(), seen_.end(), [](const auto& one) { return one.second.asking; });
  };
  while (asking()) changed_.Wait(mutex_);
}

absl::StatusOr<std::unique_ptr<ClusterWatcher::Watching>> ClusterWatcher::Watch(Topics topics) {
  topics.Add(Topic::kStatus);
  MutexLock lock(mutex_);
  if (watchers_[Place(Topic::kStatus)] == kMaxStreams) {
    return absl::ResourceExhaustedError(absl::StrCat("more than ", kMaxStreams, " event streams"));
  }
  for (const Topic topic : kAllTopics) watchers_[Place(topic)] += topics.Has(topic) ? 1 : 0;
  changed_.NotifyAll();
  return std::make_unique<Watching>(*this, topics);
}

void ClusterWatcher::Unwatch(Topics topics) {
  MutexLock lock(mutex_);
  for (const Topic topic : kAllTopics) watchers_[Place(topic)] -= topics.Has(topic) ? 1 : 0;
  last_left_ = steady_clock::now();
}

size_t ClusterWatcher::streams() const {
  MutexLock lock(mutex_);
  return watchers_[Place(Topic::kStatus)];
}

void ClusterWatcher::Run() {
  while (AwaitWork()) {
    const TimePoint now = steady_clock::now();
    const bool details = now >= details_due_;
    if (details) details_due_ = now + kDetailsEvery;
    const Topics wanted = details ? Wanted() : Topics({Topic::kStatus});
    Look(wanted);
    const std::map<NodeId, Seen> seen = TakeSeen();
    PublishStatus(now, seen);
    if (details) PublishDetails(wanted, seen);
    MutexLock lock(mutex_);
    while (!stopping_ && changed_.WaitUntil(mutex_, now + kTick)) {
    }
  }
}

Topics ClusterWatcher::Wanted() const {
  Topics wanted;
  MutexLock lock(mutex_);
  for (const Topic topic : kAllTopics) {
    if (watchers_[Place(topic)] > 0) wanted.Add(topic);
  }
  return wanted;
}

bool ClusterWatcher::AwaitWork() {
  MutexLock lock(mutex_);
  const auto idle = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return watchers_[Place(Topic::kStatus)] == 0 && steady_clock::now() >= last_left_ + kLinger;
  };
  if (idle()) {
    // What is known now will be old news when somebody asks again.
    ForgetAll();
    for (auto& [node, seen] : seen_) seen = {.asking = seen.asking};
  }
  while (!stopping_ && idle()) changed_.Wait(mutex_);
  return !stopping_;
}

void ClusterWatcher::ForgetAll() {
  for (const Topic topic : kAllTopics) events_.ForgetPicture(topic);
  published_.clear();
  changes_.Reset();
  link_changes_.Reset();
}

void ClusterWatcher::Look(Topics wanted) {
  const std::vector<NodeId> nodes = fan_out_.nodes();
  {
    // Who is a member no more is not in the picture any more.
    MutexLock lock(mutex_);
    std::erase_if(seen_, [&](const auto& one) {
      return !one.second.asking && !std::binary_search(nodes.begin(), nodes.end(), one.first);
    });
  }
  for (const NodeId& node : nodes) {
    {
      MutexLock lock(mutex_);
      if (std::exchange(seen_[node].asking, true)) continue;
    }
    if (node == fan_out_.self()) {
      AskNode(node, wanted);
    } else if (!fan_out_.Submit(node, [this, node, wanted] { AskNode(node, wanted); })) {
      MutexLock lock(mutex_);
      seen_[node].asking = false;
    }
  }
  const TimePoint deadline = steady_clock::now() + kLookPatience;
  MutexLock lock(mutex_);
  for (const auto& [node, seen] : seen_) {
    while (seen.asking && !stopping_ && changed_.WaitUntil(mutex_, deadline)) {
    }
  }
}

void ClusterWatcher::AskNode(const NodeId& node, Topics wanted) {
  const FanOut::Body status = fan_out_.AskOne(node, StatusRequest());
  // A node that does not answer one question need not be asked the next.
  const auto ask = [&](Topic topic, const HttpRequest& request) -> std::optional<FanOut::Body> {
    if (!wanted.Has(topic)) return std::nullopt;
    return status.ok() ? fan_out_.AskOne(node, request) : status;
  };
  std::optional<FanOut::Body> rules = ask(Topic::kChaos, Get("/api/chaos/rules"));
  std::optional<FanOut::Body> log = ask(Topic::kLog, Get("/api/log"));
  std::optional<FanOut::Body> links = ask(Topic::kLinks, Get("/api/links"));
  std::optional<FanOut::Body> members = ask(Topic::kMembers, MembersRequest(fan_out_.self()));
  MutexLock lock(mutex_);
  Seen& seen = seen_[node];
  seen.asking = false;
  seen.status = status;
  if (rules) seen.rules = std::move(rules);
  if (log) seen.log = std::move(log);
  if (links) seen.links = std::move(links);
  if (members) seen.members = std::move(members);
  changed_.NotifyAll();
}

std::map<NodeId, ClusterWatcher::Seen> ClusterWatcher::TakeSeen() const {
  MutexLock lock(mutex_);
  return seen_;
}

void ClusterWatcher::PublishStatus(TimePoint now, const std::map<NodeId, Seen>& seen) {
  const auto statuses = Gather(seen, &Seen::status);
  if (!statuses) return;
  std::vector<NodeRow> rows;
  for (const auto& [node, body] : *statuses) rows.push_back(RowOf(node, body));
  const ClusterView view = Summarize(std::move(rows), WallClockMs());
  leader_ = view.leader_id;
  for (const Event& change : changes_.Next(view)) events_.AddChange(change);
  if (now < status_due_) return;
  status_due_ = std::max(status_due_ + kStatusEvery, now + kStatusEvery - kTick);
  events_.SetPicture(Topic::kStatus,
                     {.type = "status", .timestamp_ms = view.timestamp_ms, .node = {}, .data = ToJson(view)});
}

void ClusterWatcher::PublishDetails(Topics wanted, const std::map<NodeId, Seen>& seen) {
  const auto publish = [&](Topic topic, std::string_view type, const auto& bodies, const auto& join) {
    if (!wanted.Has(topic)) {
      published_.erase(topic);
      events_.ForgetPicture(topic);
    } else if (bodies) {
      PublishIfChanged(topic, type, join(*bodies));
    }
  };
  publish(Topic::kChaos, "chaos", Gather(seen, &Seen::rules), JoinRules);
  publish(Topic::kLog, "log", Gather(seen, &Seen::log), JoinLogs);
  publish(Topic::kMembers, "members", Gather(seen, &Seen::members),
          [this](const FanOut::Bodies& bodies) { return ChooseMembers(bodies); });
  if (wanted.Has(Topic::kLinks)) {
    PublishLinks(seen);
  } else {
    link_changes_.Reset();
  }
}

std::string ClusterWatcher::ChooseMembers(const FanOut::Bodies& bodies) const {
  for (const NodeId& node : {leader_, fan_out_.self()}) {
    const auto body = bodies.find(node);
    if (body != bodies.end() && body->second.ok()) return *body->second;
  }
  return {};
}

void ClusterWatcher::PublishLinks(const std::map<NodeId, Seen>& seen) {
  for (const auto& [node, one] : seen) {
    if (one.links && one.links->ok()) link_changes_.Add(node, **one.links);
  }
  const LinkChanges::Links links = link_changes_.Take();
  if (links.empty()) return;
  events_.AddLinks({.type = "links", .timestamp_ms = WallClockMs(), .node = {}, .data = ToJson(links)});
}

void ClusterWatcher::PublishIfChanged(Topic topic, std::string_view type, std::string json) {
  std::string& before = published_[topic];
  if (json.empty() || before == json) return;
  before = json;
  events_.SetPicture(topic, {.type = type, .timestamp_ms = WallClockMs(), .node = {}, .data = std::move(json)});
}

}  // namespace raftly
