#include "server/events/event_log.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "server/kv/json.h"
#include "server/kv/number.h"

namespace raftly {
namespace {

std::string Format(const std::string& epoch, uint64_t id, const Event& event) {
  std::string out = absl::StrCat("id: ", epoch, "-", id, "\ndata: {\"type\":", JsonString(event.type),
                                 ",\"timestamp\":", event.timestamp_ms);
  if (!event.node.empty()) absl::StrAppend(&out, ",\"node_id\":", JsonString(event.node));
  absl::StrAppend(&out, ",\"data\":", event.data, "}\n\n");
  // A frame ends at an empty line, and JSON may have line breaks between its tokens (never within a string).
  std::replace(out.begin() + static_cast<ptrdiff_t>(out.find('\n')) + 1, out.end() - 2, '\n', ' ');
  return out;
}

}  // namespace

EventLog::Numbered EventLog::MakeFrame(const Event& event) {
  const uint64_t id = ++newest_;
  return {id, std::make_shared<const std::string>(Format(epoch_, id, event))};
}

void EventLog::AddChange(const Event& change) {
  MutexLock lock(mutex_);
  changes_.push_back(MakeFrame(change));
  if (changes_.size() > kMaxChanges) changes_.pop_front();
  WakeAll();
}

void EventLog::AddLinks(const Event& links) {
  MutexLock lock(mutex_);
  links_.push_back(MakeFrame(links));
  if (links_.size() > kMaxLinkFrames) links_.pop_front();
  WakeAll();
}

void EventLog::SetPicture(Topic topic, const Event& picture) {
  MutexLock lock(mutex_);
  pictures_.insert_or_assign(topic, MakeFrame(picture));
  WakeAll();
}

void EventLog::ForgetPicture(Topic topic) {
  MutexLock lock(mutex_);
  pictures_.erase(topic);
}

EventLog::Cursor EventLog::Connect(std::string_view last_id) const {
  MutexLock lock(mutex_);
  Cursor cursor{.changes = newest_, .pictures = 0, .links = newest_};
  const std::string prefix = epoch_ + "-";
  if (last_id.substr(0, prefix.size()) != prefix) return cursor;
  last_id.remove_prefix(prefix.size());
  const auto id = NumberIn<uint64_t>(last_id);
  if (id && *id <= newest_) cursor.changes = *id;
  return cursor;
}

std::vector<Frame> EventLog::Take(Cursor& cursor, Topics topics) const {
  MutexLock lock(mutex_);
  std::vector<Numbered> found;
  const auto collect = [&](const std::deque<Numbered>& frames, uint64_t after) {
    for (const Numbered& frame : frames) {
      if (frame.first > after) found.push_back(frame);
    }
  };
  collect(changes_, cursor.changes);
  if (topics.Has(Topic::kLinks)) collect(links_, cursor.links);
  for (const auto& [topic, frame] : pictures_) {
    if (topics.Has(topic) && frame.first > cursor.pictures) found.push_back(frame);
  }
  std::sort(found.begin(), found.end(), [](const Numbered& a, const Numbered& b) { return a.first < b.first; });
  std::vector<Frame> frames;
  frames.reserve(found.size());
  for (Numbered& frame : found) frames.push_back(std::move(frame.second));
  cursor = {.changes = newest_, .pictures = newest_, .links = newest_};
  return frames;
}

EventLog::Subscription EventLog::Subscribe(std::function<void()> wake) {
  MutexLock lock(mutex_);
  return {this, wakes_.insert(wakes_.end(), std::move(wake))};
}

EventLog::Subscription::~Subscription() {
  if (log_ == nullptr) return;
  MutexLock lock(log_->mutex_);
  log_->wakes_.erase(wake_);
}

void EventLog::WakeAll() {
  for (const auto& wake : wakes_) wake();
}

void EventLog::Stop() {
  MutexLock lock(mutex_);
  stopped_ = true;
  WakeAll();
}

bool EventLog::stopped() const {
  MutexLock lock(mutex_);
  return stopped_;
}

}  // namespace raftly
