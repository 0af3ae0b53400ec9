#include "server/access/sessions.h"

#include <algorithm>

namespace raftly {

std::string Sessions::Begin(const Digest& token, Time now) {
  std::string id = random_();
  MutexLock lock(mutex_);
  std::erase_if(all_, [now](const auto& one) { return one.second.until <= now; });
  if (all_.size() >= kMost) {
    all_.erase(std::min_element(all_.begin(), all_.end(),
                                [](const auto& a, const auto& b) { return a.second.until < b.second.until; }));
  }
  all_[DigestOf(id)] = {token, now + kLife};
  return id;
}

std::optional<Digest> Sessions::Find(std::string_view id, Time now) {
  MutexLock lock(mutex_);
  const auto found = all_.find(DigestOf(id));
  if (found == all_.end() || found->second.until <= now) return std::nullopt;
  return found->second.token;
}

void Sessions::End(std::string_view id) {
  MutexLock lock(mutex_);
  all_.erase(DigestOf(id));
}

}  // namespace raftly
