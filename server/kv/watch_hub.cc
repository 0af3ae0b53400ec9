#include "server/kv/watch_hub.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/kv/json.h"

namespace raftly {
namespace {

// What is looked at, or handed out, while others wait for a lock.
constexpr size_t kChangesAtOnce = 512;
constexpr size_t kBytesAtOnce = size_t{64} << 10;

// Rounds take one part in so many of the time of one processor, by what they cost about: that a change is made text,
// and that one watcher is woken, takes what there is and sends it. Not by the clock: on a busy machine a round takes
// long because it waits, and would be put off the more.
constexpr int kShare = 16;
constexpr Duration kChangeCost = std::chrono::microseconds(1);
constexpr Duration kWakeCost = std::chrono::microseconds(20);
// Under many writes, so many changes go together.
constexpr Duration kShortest = std::chrono::milliseconds(1);

std::string TextOf(const Change& change) {
  std::string text =
      absl::StrCat("id: ", ToId(After(change)), "\ndata: {\"op\":\"", change.value ? "put" : "delete", "\",\"key\":");
  AppendJsonString(text, change.key);
  if (change.value) {
    text += ",\"value\":";
    AppendJsonString(text, change.value->view());
  }
  absl::StrAppend(&text, ",\"version\":", change.index.value, "}\n\n");
  return text;
}

std::string WhyGone(ChangePosition begin) {
  return absl::StrCat("changes before index ", begin.index.value, " are not known any more");
}

}  // namespace

struct WatchHub::Member {
  std::shared_ptr<Group> group;
  std::function<void()> wake;
  size_t place = 0;  // in its group's list
};

// All who watch the same prefix.
struct WatchHub::Group {
  std::string prefix;
  // Under the hub's lock.
  std::vector<std::shared_ptr<Member>> members;
  ChangePosition complete_from;  // from here on to published_ all is in `frames`
  std::deque<Frame> frames;
  bool touched = false;  // in this round
};

WatchHub::WatchHub(ChangeLog& changes, EventLoop& loop) : changes_(changes), loop_(loop) {
  changes_.Listen([this](uint64_t appended) { OnAppended(appended); });
}

WatchHub::~WatchHub() { Stop(); }

// ---- Who watches ---------------------------------------------------------------------------------------------------

absl::StatusOr<std::unique_ptr<WatchHub::Watcher>> WatchHub::Watch(std::string prefix,
                                                                   std::optional<ChangePosition> from,
                                                                   std::function<void()> wake) {
  MutexLock lock(mutex_);
  if (stopped_) return absl::UnavailableError("the node is stopping");
  const bool first = groups_.empty();
  ++watchers_;  // before the bounds are read: what is appended after that starts a round
  const ChangeLog::Bounds bounds = changes_.bounds();
  if (from && *from < bounds.begin) {
    --watchers_;
    return absl::OutOfRangeError(WhyGone(bounds.begin));
  }
  if (first) {
    published_ = bounds.end;
    published_bytes_ = bounds.appended;
  }
  auto& group = groups_[prefix.size()][prefix];
  if (group == nullptr) group = std::make_shared<Group>(Group{.prefix = prefix, .complete_from = published_});
  auto member = std::make_shared<Member>(Member{group, std::move(wake), group->members.size()});
  group->members.push_back(member);
  return std::unique_ptr<Watcher>(new Watcher(*this, std::move(member), from.value_or(bounds.end)));
}

void WatchHub::Leave(const std::shared_ptr<Member>& member) {
  MutexLock lock(mutex_);
  --watchers_;
  auto& members = member->group->members;
  members.back()->place = member->place;
  std::swap(members[member->place], members.back());
  members.pop_back();
  if (!members.empty()) return;
  const std::string& prefix = member->group->prefix;
  const auto same_length = groups_.find(prefix.size());
  same_length->second.erase(prefix);
  if (same_length->second.empty()) groups_.erase(same_length);
}

void WatchHub::Stop() {
  std::vector<std::shared_ptr<Member>> all;
  {
    MutexLock lock(mutex_);
    if (std::exchange(stopped_, true)) return;
    for (const auto& [length, groups] : groups_) {
      for (const auto& [prefix, group] : groups) all.insert(all.end(), group->members.begin(), group->members.end());
    }
  }
  for (const auto& member : all) member->wake();
}

// ---- Rounds --------------------------------------------------------------------------------------------------------

// Costs nothing while nobody watches.
void WatchHub::OnAppended(uint64_t appended) {
  if (watchers_ == 0) return;
  if (!scheduled_.exchange(true)) return loop_.Post([this] { RoundWhenDue(); });
  // Watchers that fall behind what is kept are cut off, which serves nobody.
  if (appended - published_bytes_ < changes_.most_bytes() / 4 * 3 || urgent_.exchange(true)) return;
  loop_.Post([this] { Round(); });
}

void WatchHub::RoundWhenDue() {
  if (loop_.Now() >= next_round_) return Round();
  // Unless an urgent one comes before: whom that woke needs the time until the next.
  loop_.PostAt(next_round_, [this, after = rounds_] {
    if (rounds_ == after) Round();
  });
}

void WatchHub::Round() {
  scheduled_ = urgent_ = false;
  ++rounds_;
  const ChangeLog::Bounds bounds = changes_.bounds();
  published_bytes_ = bounds.appended;  // now: what comes meanwhile makes no urgent round
  {
    MutexLock lock(mutex_);
    if (stopped_) return;
    // Who has not taken these by now, a whole round later, reads the log.
    for (const auto& group : had_news_) {
      while (!group->frames.empty() && group->frames.front().at < last_begin_) {
        group->complete_from = group->frames.front().after;
        group->frames.pop_front();
      }
    }
    std::erase_if(had_news_, [](const auto& group) { return group->frames.empty(); });
    last_begin_ = published_;
  }
  Groups touched;
  size_t changes = 0;
  while (Publish(bounds.end, touched, changes)) {
  }
  size_t woken = 0;
  for (const auto& group : touched) {
    std::vector<std::shared_ptr<Member>> members;
    {
      MutexLock lock(mutex_);
      group->touched = false;
      members = group->members;
    }
    for (const auto& member : members) member->wake();
    woken += members.size();
  }
  had_news_.insert(had_news_.end(), touched.begin(), touched.end());
  next_round_ = loop_.Now() + std::max<Duration>(kShortest, (changes * kChangeCost + woken * kWakeCost) * kShare);
}

// Hands out the next changes before `until`. False: there are none.
bool WatchHub::Publish(ChangePosition until, Groups& touched, size_t& changes) {
  ChangePosition from;
  {
    MutexLock lock(mutex_);
    from = published_;
  }
  const ChangeLog::Run run = changes_.Read(from, until, "", kChangesAtOnce, kBytesAtOnce);
  const ChangePosition begin = changes_.bounds().begin;
  MutexLock lock(mutex_);
  if (published_ != from) return true;  // the first watcher came just now, and hears of nothing before
  if (run.gone) {
    SkipTo(begin, touched);
    return begin < until;
  }
  for (const Change& change : run.changes) Hand(change, touched);
  changes += run.changes.size();
  published_ = run.next;
  return published_ < until;
}

void WatchHub::Hand(const Change& change, Groups& touched) {
  Frame frame{Before(change), After(change), nullptr};
  for (const auto& [length, groups] : groups_) {
    if (length > change.key.size()) return;
    const auto found = groups.find(absl::string_view(change.key.data(), length));
    if (found == groups.end()) continue;
    Group& group = *found->second;
    if (frame.text == nullptr) frame.text = std::make_shared<const std::string>(TextOf(change));
    group.frames.push_back(frame);
    if (!std::exchange(group.touched, true)) touched.push_back(found->second);
  }
}

// What lies between was never handed out, and is not known any more: watchers are told when they read the log.
void WatchHub::SkipTo(ChangePosition begin, Groups& touched) {
  published_ = begin;
  for (const auto& [length, groups] : groups_) {
    for (const auto& [prefix, group] : groups) {
      group->frames.clear();
      group->complete_from = begin;
      if (!std::exchange(group->touched, true)) touched.push_back(group);
    }
  }
}

// ---- One watcher ---------------------------------------------------------------------------------------------------

WatchHub::Watcher::~Watcher() { hub_.Leave(member_); }

WatchHub::Piece WatchHub::Watcher::Next(std::string& out) {
  if (gone_) return Piece::kEnd;
  std::vector<std::shared_ptr<const std::string>> texts;
  ChangePosition complete_from;
  {
    MutexLock lock(hub_.mutex_);
    if (hub_.stopped_) return Piece::kEnd;
    const Group& group = *member_->group;
    complete_from = group.complete_from;
    if (next_ >= complete_from) {
      auto frame = std::partition_point(group.frames.begin(), group.frames.end(),
                                        [this](const Frame& one) { return one.at < next_; });
      size_t bytes = 0;
      for (; frame != group.frames.end() && bytes < kBytesAtOnce; ++frame) {
        bytes += frame->text->size();
        texts.push_back(frame->text);
        next_ = frame->after;
      }
      if (frame == group.frames.end()) next_ = std::max(next_, hub_.published_);
    }
  }
  if (next_ < complete_from) return ReadLog(complete_from, out);
  for (const auto& text : texts) out += *text;
  return texts.empty() ? Piece::kNothing : Piece::kSome;
}

WatchHub::Piece WatchHub::Watcher::ReadLog(ChangePosition until, std::string& out) {
  const ChangeLog::Run run = hub_.changes_.Read(next_, until, member_->group->prefix, kChangesAtOnce, kBytesAtOnce);
  if (run.gone) {
    gone_ = true;
    const ChangePosition begin = hub_.changes_.bounds().begin;
    absl::StrAppend(&out, "event: gone\ndata: {\"error\":", JsonString(WhyGone(begin)),
                    ",\"oldest\":", begin.index.value, "}\n\n");
    return Piece::kSome;
  }
  for (const Change& change : run.changes) out += TextOf(change);
  next_ = run.next;
  return Piece::kSome;
}

}  // namespace raftly
