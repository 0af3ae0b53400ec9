// raftly-soak: writes to a running cluster as fast as it goes while others break it, keeps a ledger of what was
// acknowledged, and in the end asks every node for all of it.
#include <httplib.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "bench/load/options.h"
#include "raft/env/mutex.h"
#include "server/kv/json_value.h"

namespace raftly::soak {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

// So long may a cluster be without an answer at the end, when nobody breaks it any more.
constexpr auto kPatience = 120s;

// So that who was refused does not ask again at once.
class Pause {
 public:
  void For(Clock::duration duration) {
    const auto until = Clock::now() + duration;
    MutexLock lock(mutex_);
    while (Clock::now() < until) never_.WaitUntil(mutex_, until);
  }

 private:
  Mutex mutex_;
  CondVar never_;
};

// What may stand under one key. Each write has a number of its own, ascending.
struct Key {
  uint64_t acknowledged = 0;      // the last one that was; 0: none yet
  std::vector<uint64_t> unknown;  // never answered, or with an error: they may have happened, now or later
};

class Writer {
 public:
  Writer(const load::Options& options, size_t number)
      : options_(options),
        number_(number),
        endpoint_(number),
        keys_(std::max<uint64_t>(1, options.keys / options.connections)) {}

  void Write(Clock::time_point until) {
    const std::string filling(options_.value_bytes, 'v');
    for (size_t at = 0; Clock::now() < until; at = (at + 1) % keys_.size()) {
      Key& key = keys_[at];
      const uint64_t number = ++writes_;
      const auto answer = client().Put("/keys/" + NameOf(at),
                                       absl::StrCat(R"({"value":")", number, " ", filling, "\"}"), "application/json");
      if (answer && answer->status == 200) {
        key.acknowledged = number;
        ++acknowledged_;
        continue;
      }
      key.unknown.push_back(number);
      ++unknown_;
      Turn();
      pause_.For(10ms);
    }
  }

  // How many keys `endpoint` has not as they were acknowledged, or cannot tell.
  uint64_t Check(size_t endpoint) {
    uint64_t wrong = 0;
    endpoint_ = endpoint;
    client_.reset();
    for (size_t at = 0; at < keys_.size(); ++at) {
      const uint64_t found = Find(at);
      const Key& key = keys_[at];
      const bool explained =
          found == key.acknowledged || std::find(key.unknown.begin(), key.unknown.end(), found) != key.unknown.end();
      if (explained) continue;
      ++wrong;
      std::fprintf(stderr, "raftly-soak: %s: write %llu was acknowledged, and %llu is there\n", NameOf(at).c_str(),
                   static_cast<unsigned long long>(key.acknowledged), static_cast<unsigned long long>(found));
    }
    return wrong;
  }

  uint64_t acknowledged() const { return acknowledged_; }
  uint64_t unknown() const { return unknown_; }
  uint64_t keys() const { return keys_.size(); }

 private:
  std::string NameOf(size_t at) const { return absl::StrCat("soak-", number_, "-", at); }

  httplib::Client& client() {
    if (client_ == nullptr) {
      const Address& address = options_.endpoints[endpoint_ % options_.endpoints.size()];
      client_ = std::make_unique<httplib::Client>(address.host, address.port);
      client_->set_keep_alive(true);
      client_->set_tcp_nodelay(true);
      client_->set_connection_timeout(1s);
      client_->set_read_timeout(5s);
    }
    return *client_;
  }

  // To another node.
  void Turn() {
    ++endpoint_;
    client_.reset();
  }

  // The number of the write that stands there; 0: none; a number that was never written: no answer, or nonsense.
  uint64_t Find(size_t at) {
    for (const auto until = Clock::now() + kPatience; Clock::now() < until; pause_.For(50ms)) {
      const auto answer = client().Get("/keys/" + NameOf(at));
      if (!answer || (answer->status != 200 && answer->status != 404)) continue;
      if (answer->status == 404) return 0;
      const auto body = ParseJson(answer->body);
      const JsonValue* value = body.ok() ? body->Find("value") : nullptr;
      uint64_t number = UINT64_MAX;
      if (value != nullptr) (void)absl::SimpleAtoi(value->text.substr(0, value->text.find(' ')), &number);
      return number;
    }
    return UINT64_MAX;
  }

  const load::Options& options_;
  const size_t number_;
  size_t endpoint_;
  std::vector<Key> keys_;
  std::unique_ptr<httplib::Client> client_;
  Pause pause_;
  uint64_t writes_ = 0;
  std::atomic<uint64_t> acknowledged_{0};
  std::atomic<uint64_t> unknown_{0};
};

void InParallel(std::vector<std::unique_ptr<Writer>>& writers, const std::function<void(Writer&)>& work) {
  std::vector<std::thread> threads;
  threads.reserve(writers.size());
  for (auto& writer : writers) threads.emplace_back([&work, &writer] { work(*writer); });
  for (std::thread& thread : threads) thread.join();
}

int Main(const std::vector<std::string>& arguments) {
  auto options = load::ParseOptions(arguments);
  if (!options.ok()) {
    std::fprintf(stderr, "raftly-soak: %s\n", std::string(options.status().message()).c_str());
    return 2;
  }
  if (options->help) {
    std::cout << "usage: raftly-soak --endpoints HOST:PORT,... [--duration S] [--connections N] [--keys N] "
                 "[--value-bytes N]\n\nExit status 1: a write that was acknowledged is not there.\n";
    return 0;
  }
  std::vector<std::unique_ptr<Writer>> writers;
  for (size_t i = 0; i < options->connections; ++i) writers.push_back(std::make_unique<Writer>(*options, i));
  const auto begin = Clock::now();
  InParallel(writers, [&](Writer& writer) { writer.Write(begin + options->duration); });
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();

  uint64_t acknowledged = 0, unknown = 0, keys = 0;
  for (const auto& writer : writers) {
    acknowledged += writer->acknowledged();
    unknown += writer->unknown();
    keys += writer->keys();
  }
  std::printf("%llu writes acknowledged in %.0f s, %.0f/s; %llu of unknown outcome; %llu keys\n",
              static_cast<unsigned long long>(acknowledged), seconds, static_cast<double>(acknowledged) / seconds,
              static_cast<unsigned long long>(unknown), static_cast<unsigned long long>(keys));
  std::atomic<uint64_t> wrong = 0;
  for (size_t endpoint = 0; endpoint < options->endpoints.size(); ++endpoint) {
    InParallel(writers, [&](Writer& writer) { wrong += writer.Check(endpoint); });
  }
  if (wrong != 0) {
    std::printf("%llu keys are not as they were acknowledged\n", static_cast<unsigned long long>(wrong));
    return 1;
  }
  std::printf("every acknowledged write is there, asked through each of %zu nodes\n", options->endpoints.size());
  return 0;
}

}  // namespace
}  // namespace raftly::soak

int main(int argc, char** argv) { return raftly::soak::Main(std::vector<std::string>(argv + 1, argv + argc)); }
