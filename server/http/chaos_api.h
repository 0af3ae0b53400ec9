// /api/chaos: faults on this node's network. /api/cluster/chaos: the same on as many nodes as it takes.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "server/cluster/fan_out.h"
#include "server/http/router.h"
#include "transport/network_proxy.h"
#include "transport/network_rules.h"

namespace raftly {

class ChaosApi {
 public:
  // Both outlive it.
  ChaosApi(NodeId self, std::function<std::vector<NodeId>()> nodes, NetworkRules& rules,
           std::function<std::vector<LinkTraffic>()> links);

  // The handlers refer to this object.
  void Register(Router& router);

 private:
  HttpResponse List() const;
  HttpResponse Apply(const HttpRequest& request);
  HttpResponse Heal();
  HttpResponse Remove(const HttpRequest& request);
  HttpResponse Links() const;

  const NodeId self_;
  const std::function<std::vector<NodeId>()> nodes_;
  NetworkRules& rules_;
  const std::function<std::vector<LinkTraffic>()> links_;
};

class ClusterChaosApi {
 public:
  // Outlives it.
  explicit ClusterChaosApi(FanOut& fan_out) : fan_out_(fan_out) {}

  // The handlers refer to this object.
  void Register(Router& router);

 private:
  HttpResponse State();
  HttpResponse Isolate(const HttpRequest& request);
  HttpResponse Partition(const HttpRequest& request);
  HttpResponse Delay(const HttpRequest& request);
  HttpResponse Loss(const HttpRequest& request);
  HttpResponse Heal();

  // `rules` are about everything that `node` sends and is sent.
  HttpResponse Impair(const char* action, const NodeId& node, const std::vector<Rule>& rules);
  // Installs the same rules on `nodes`. `rows`: what is to be said of further nodes.
  HttpResponse Install(const char* action, const std::vector<NodeId>& nodes, const std::vector<Rule>& rules,
                       FanOut::Bodies rows = {});

  FanOut& fan_out_;
};

}  // namespace raftly
