#include "server/access/sessions.h"

#include <algorithm>

namespace raftly {

std::string Sessions::Begin(const Digest& token, Time now) {
  std::string id = random_();
  MutexLock lock(mutex_);
  std::erase_if(all_, [now](const auto& one) { return one.second.until <= now; });
  const auto of_token = [&token](const auto& one) { return one.second.token == token; };
  if (std::count_if(all_.begin(), all_.end(), of_token) >= static_cast<ptrdiff_t>(kMostOfAToken)) EndOldest(of_token);
  if (all_.size() >= kMost) EndOldest([](const auto&) { return true; });
  all_[DigestOf(id)] = {token, now + kLife};
  return id;
}

template <class Predicate>
void Sessions::EndOldest(const Predicate& counts) {
  auto oldest = all_.end();
  for (auto one = all_.begin(); one != all_.end(); ++one) {
    if (counts(*one) && (oldest == all_.end() || one->second.until < oldest->second.until)) oldest = one;
  }
  if (oldest != all_.end()) all_.erase(oldest);
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
