// raftly-soak: writes to a running cluster as fast as it goes while others break it, keeps a ledger of what was
// acknowledged, and in the end asks every node for all of it.
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
#include "raft/core/check.h"
#include "server/client/raftly_client.h"

namespace raftly::soak {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

// So long may a cluster be without an answer at the end, when nobody breaks it any more.
constexpr auto kPatience = 120s;

// For each write, with all the nodes that it has to be asked of.
constexpr auto kDeadline = 5s;

// What may stand under one key. Each write has a number of its own, ascending.
struct Key {
  uint64_t acknowledged = 0;      // the last one that was; 0: none yet
  std::vector<uint64_t> unknown;  // they may have happened, now or later
};

class Writer {
 public:
  Writer(const load::Options& options, size_t number)
      : options_(options), number_(number), keys_(std::max<uint64_t>(1, options.keys / options.connections)) {}

  void Write(Clock::time_point until) {
    const std::string filling(options_.value_bytes, 'v');
    std::vector<std::string> endpoints;
    for (size_t i = 0; i < options_.endpoints.size(); ++i) endpoints.push_back(NameOfEndpoint(number_ + i));
    const auto client = ClientOf(std::move(endpoints), kDeadline);
    for (size_t at = 0; Clock::now() < until; at = (at + 1) % keys_.size()) {
      Key& key = keys_[at];
      const uint64_t number = ++writes_;
      const auto put = client->Put(NameOf(at), absl::StrCat(number, " ", filling));
      if (put.ok()) {
        key.acknowledged = number;
        ++acknowledged_;
      } else if (!absl::IsUnavailable(put.status())) {  // which is certainly not done
        key.unknown.push_back(number);
        ++unknown_;
      }
    }
  }

  // How many keys `endpoint` has not as they were acknowledged, or cannot tell.
  uint64_t Check(size_t endpoint) {
    uint64_t wrong = 0;
    const auto client = ClientOf({NameOfEndpoint(endpoint)}, kPatience);
    for (size_t at = 0; at < keys_.size(); ++at) {
      const uint64_t found = Find(*client, NameOf(at));
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

  std::string NameOfEndpoint(size_t which) const {
    return ToString(options_.endpoints[which % options_.endpoints.size()]);
  }

  static std::unique_ptr<client::Client> ClientOf(std::vector<std::string> endpoints,
                                                  std::chrono::milliseconds deadline) {
    auto opened = client::Client::Open({.endpoints = std::move(endpoints), .deadline = deadline});
    RAFTLY_CHECK(opened.ok(), "addresses that were parsed are none");
    return *std::move(opened);
  }

  // The number of the write that stands there; 0: none; a number that was never written: no answer, or nonsense.
  static uint64_t Find(client::Client& client, const std::string& name) {
    const auto found = client.Get(name);
    if (absl::IsNotFound(found.status())) return 0;
    uint64_t number = UINT64_MAX;
    if (found.ok()) (void)absl::SimpleAtoi(found->value.substr(0, found->value.find(' ')), &number);
    return number;
  }

  const load::Options& options_;
  const size_t number_;
  std::vector<Key> keys_;
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
