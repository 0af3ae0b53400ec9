#include "tests/cluster/adders.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "absl/strings/str_cat.h"

namespace raftly::test {

using std::chrono::steady_clock;

std::unique_ptr<client::Client> ClientOf(const TestCluster& cluster, int first_node, milliseconds deadline) {
  std::vector<std::string> endpoints;
  for (int i = 0; i < cluster.nodes(); ++i) {
    endpoints.push_back("127.0.0.1:" + std::to_string(cluster.http_port(1 + (first_node + i - 1) % cluster.nodes())));
  }
  auto opened = client::Client::Open({.endpoints = endpoints, .deadline = deadline});
  EXPECT_TRUE(opened.ok()) << opened.status();
  return *std::move(opened);
}

Adder::Adder(const TestCluster& cluster, int number, milliseconds deadline)
    : own_("adder" + std::to_string(number)),
      client_(ClientOf(cluster, 1 + number % cluster.nodes(), deadline)),
      thread_([this] { Run(); }) {}

void Adder::Stop() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

void Adder::Run() {
  while (!stop_) {
    Add(own_);
    const auto invoked = steady_clock::now();
    const int sum = Add(kEverybody);
    done_.push_back({invoked, steady_clock::now(), sum});
    ++added_;
  }
}

int Adder::Add(const std::string& key) {
  std::string idempotency_key;
  while (true) {
    const auto sum = client_->Add(key, 1, {.idempotency_key = idempotency_key});
    if (sum.ok()) {
      int value = 0;
      std::from_chars(sum->value.data(), sum->value.data() + sum->value.size(), value);
      return value;
    }
    if (absl::IsDeadlineExceeded(sum.status())) {
      ++unknown_;
      idempotency_key = client::IdempotencyKeyOf(sum.status());
    } else {
      // Not done. Nodes that have just started, on a busy machine, may not have said yet what they understand.
      const bool understood = absl::IsUnavailable(sum.status()) || absl::IsUnimplemented(sum.status());
      EXPECT_TRUE(understood) << sum.status();
      ++failed_;
      if (!understood) return 0;
    }
  }
}

Adders StartAdders(const TestCluster& cluster, int count) {
  Adders adders;
  for (int i = 0; i < count; ++i) adders.push_back(std::make_unique<Adder>(cluster, i, kPatience));
  return adders;
}

bool AllAddMore(const Adders& adders, int more) {
  std::vector<int> goals;
  for (const auto& adder : adders) goals.push_back(adder->added() + more);
  return Eventually([&] {
    for (size_t i = 0; i < adders.size(); ++i) {
      if (adders[i]->added() < goals[i]) return false;
    }
    return true;
  });
}

std::string StopAndJudge(const Adders& adders, client::Client& client) {
  std::vector<Adder::Done> all;
  for (const auto& adder : adders) {
    adder->Stop();
    all.insert(all.end(), adder->done().begin(), adder->done().end());
    const auto own = client.Get(adder->own());
    if (!own.ok() || own->value != std::to_string(adder->added())) {
      return absl::StrCat(adder->own(), " was told ", adder->added(), " times that it added, and finds ",
                          own.ok() ? own->value : own.status().ToString());
    }
  }
  // Each sum is the place of its add in the one order there may be: 1, 2, 3 ..., each once, and never before one that
  // had ended before it began.
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.sum < b.sum; });
  steady_clock::time_point latest_begin{};
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i].sum != static_cast<int>(i) + 1) return absl::StrCat("sum ", all[i].sum, " where ", i + 1, " follows");
    if (all[i].returned < latest_begin) return absl::StrCat("sum ", i + 1, " came after a later add had begun");
    latest_begin = std::max(latest_begin, all[i].invoked);
  }
  const auto sum = client.Get(kEverybody);
  if (!sum.ok() || sum->value != std::to_string(all.size())) {
    return absl::StrCat(all.size(), " adds, and the sum is ", sum.ok() ? sum->value : sum.status().ToString());
  }
  return {};
}

}  // namespace raftly::test
