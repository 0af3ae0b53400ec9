// A node's whole HTTP side, on a consensus that agrees with everything and peers that cannot be reached.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "server/cluster/fan_out.h"
#include "server/cluster/peer_client.h"
#include "server/events/cluster_watcher.h"
#include "server/events/event_log.h"
#include "server/http/assets.h"
#include "server/http/chaos_api.h"
#include "server/http/cluster_api.h"
#include "server/http/config_api.h"
#include "server/http/event_api.h"
#include "server/http/http_server.h"
#include "server/http/kv_api.h"
#include "server/http/log_api.h"
#include "server/http/status_api.h"
#include "server/kv/kv_service.h"
#include "tests/server/fake_consensus.h"
#include "tests/server/fixed_members.h"

namespace raftly {

class FuzzNode {
 public:
  FuzzNode() {
    Elect(leaders_, "node1");
    consensus_.SetStatus({.id = "node1", .leader = "node1", .ready = true});
    kv_api_.Register(router_);
    RegisterStatusApi(
        router_, [this] { return consensus_.status(); }, [] { return Index{1}; });
    RegisterLogApi(router_, [this](size_t n) { return Tail(n); });
    RegisterClusterApi(router_, fan_out_);
    RegisterEventApi(router_, watcher_, events_);
    chaos_api_.Register(router_);
    cluster_chaos_api_.Register(router_);
    config_api_.Register(router_);
    RegisterAssets(router_);
    EXPECT_TRUE(http_.Bind().ok());
    watcher_.Start();
    EXPECT_TRUE(http_.Start().ok());
  }
  ~FuzzNode() {
    events_.Stop();
    http_.Stop();
    watcher_.Stop();
    fan_out_.Stop();
  }

  int port() const { return http_.port(); }

 private:
  class Unreachable : public PeerCaller {
   public:
    PeerAnswer Call(const NodeId&, const HttpRequest&, std::chrono::milliseconds) override {
      return {PeerAnswer::Outcome::kNotSent, {}, "nobody is there"};
    }
  };

  // The last targets and bodies, as if they were commands: a log may hold anything.
  std::pair<Entries, NodeStatus> Tail(size_t n) {
    MutexLock lock(mutex_);
    Entries entries;
    for (uint64_t i = 1; i <= n; ++i) entries.push_back({Index{i}, Term{1}, EntryType::kNormal, Bytes(last_)});
    return {entries, consensus_.status()};
  }
  void Remember(const Served& served) {
    MutexLock lock(mutex_);
    last_ = R"({"op":"put","key":")" + std::string(served.target.substr(0, 2000)) + R"(","value":"x"})";
  }

  WriteWatch writes_;
  KvStore store_{&writes_};
  FakeConsensus consensus_{store_};
  LeaderWatch leaders_;
  NetworkRules rules_{"node1"};
  Mutex mutex_;
  std::string last_ ABSL_GUARDED_BY(mutex_);
  Unreachable peers_;
  KvService service_{"node1", consensus_, store_, leaders_};
  Router router_;
  FanOut fan_out_{"node1", Nodes({"node1", "node2", "node3"}), [this](const HttpRequest& r) { return router_.Ask(r); },
                  peers_};
  EventLog events_{"fuzz"};
  ClusterWatcher watcher_{fan_out_, events_};
  KvApi kv_api_{"node1", service_, peers_, writes_};
  ChaosApi chaos_api_{"node1", Nodes({"node1", "node2", "node3"}), rules_, [] { return std::vector<LinkTraffic>(); }};
  ClusterChaosApi cluster_chaos_api_{fan_out_};
  ConfigApi config_api_{"node1", {}, [](Timings) {}, fan_out_};
  FrontDoor front_{router_, [this](const Served& served) { Remember(served); }};
  HttpServer http_{{.listen = {"127.0.0.1", 0}, .node = "node1"}, front_};
};

}  // namespace raftly
