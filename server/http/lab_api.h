// /api/lab (SPEC 5.1): the catalogue of incidents, and experiments that run in a process beside this one.
#pragma once

#include <optional>
#include <string>

#include "raft/env/mutex.h"
#include "server/http/router.h"
#include "server/lab_process.h"

namespace raftly {

class LabApi {
 public:
  explicit LabApi(std::string program) : processes_(std::move(program)) {}

  // It outlives the router's use.
  void Register(Router& router);

 private:
  HttpResponse Catalogue(const std::string& name);
  HttpResponse Defences();
  HttpResponse Run(const HttpRequest& request);
  HttpResponse Page(const HttpRequest& request);

  LabProcesses processes_;
  Mutex mutex_;
  // They do not change while the program does not.
  std::optional<std::string> list_ ABSL_GUARDED_BY(mutex_);
  std::optional<std::string> defences_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace raftly
