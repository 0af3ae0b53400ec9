// The laboratory's page and its API, without a cluster.
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "server/address.h"
#include "server/http/http_server.h"
#include "server/http/lab_api.h"

namespace raftly {

class LabServer {
 public:
  // `program` runs the experiments: raftly-lab itself.
  LabServer(Address listen, std::string program);

  // Serves from here on, until it is destroyed. Errors as HttpServer::Bind's.
  absl::Status Start();
  int port() const { return http_.port(); }

 private:
  LabApi api_;
  Router router_;
  FrontDoor front_;
  HttpServer http_;
};

}  // namespace raftly
