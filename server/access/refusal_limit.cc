#include "server/access/refusal_limit.h"

#include <arpa/inet.h>

#include <chrono>

namespace raftly {
namespace {

constexpr Duration kSecond = std::chrono::seconds(1);

std::string KeyOf(const std::string& address) {
  in6_addr six;
  if (inet_pton(AF_INET6, address.c_str(), &six) != 1) return address;
  return std::string(reinterpret_cast<const char*>(&six), 8);
}

}  // namespace

bool RefusalLimit::Admit(const std::string& address, Time now) {
  MutexLock lock(mutex_);
  std::string key = KeyOf(address);
  if (all_.size() >= kAddresses && !all_.contains(key)) {
    std::erase_if(all_, [now](const auto& one) { return now - one.second.begin >= kSecond; });
    if (all_.size() >= kAddresses) key = "";
  }
  Second& second = all_[key];
  if (now - second.begin >= kSecond) second = {now, 0};
  return ++second.refusals <= kPerSecond;
}

}  // namespace raftly
