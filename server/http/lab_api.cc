#include "server/http/lab_api.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace raftly {
namespace {

constexpr std::string_view kIncidents = "/api/lab/incidents";

HttpResponse ErrorOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
      return BadRequest(status);
    case absl::StatusCode::kResourceExhausted: {
      HttpResponse response = ErrorResponse(429, std::string(status.message()));
      response.headers.emplace_back("Retry-After", "1");
      return response;
    }
    case absl::StatusCode::kDeadlineExceeded:
      return ErrorResponse(422, std::string(status.message()));
    case absl::StatusCode::kUnimplemented:
      return ErrorResponse(501, std::string(status.message()));
    default:
      return ErrorResponse(500, std::string(status.message()));
  }
}

}  // namespace

void LabApi::Register(Router& router) {
  router.Add("GET", kIncidents, Waiting([this](const HttpRequest&) { return Catalogue({}); }));
  router.Add("GET", absl::StrCat(std::string(kIncidents), "/"), Waiting([this](const HttpRequest& request) {
               return Catalogue(std::string(request.path().substr(kIncidents.size() + 1)));
             }));
  router.Add("GET", "/api/lab/defences", Waiting([this](const HttpRequest&) { return Defences(); }));
  router.Add("POST", "/api/lab/page", Waiting([this](const HttpRequest& request) { return Page(request); }));
  router.Add("POST", "/api/lab/run", Waiting([this](const HttpRequest& request) { return Run(request); }));
}

HttpResponse LabApi::Catalogue(const std::string& name) {
  if (name.empty()) {
    MutexLock lock(mutex_);
    if (list_) return {.body = *list_};
  } else if (name.front() == '-') {
    return ErrorResponse(404, "there is no such incident");
  }
  std::vector<std::string> words = {"catalogue"};
  if (!name.empty()) words.push_back(name);
  absl::StatusOr<std::string> catalogue = processes_.Run(words, {});
  if (absl::IsInvalidArgument(catalogue.status())) return ErrorResponse(404, "there is no such incident");
  if (!catalogue.ok()) return ErrorOf(catalogue.status());
  if (name.empty()) {
    MutexLock lock(mutex_);
    list_ = *catalogue;
  }
  return {.body = *std::move(catalogue)};
}

HttpResponse LabApi::Defences() {
  {
    MutexLock lock(mutex_);
    if (defences_) return {.body = *defences_};
  }
  absl::StatusOr<std::string> defences = processes_.Run({"defences"}, {});
  if (!defences.ok()) return ErrorOf(defences.status());
  MutexLock lock(mutex_);
  defences_ = *defences;
  return {.body = *std::move(defences)};
}

HttpResponse LabApi::Page(const HttpRequest& request) {
  absl::StatusOr<std::string> page = processes_.Run({"page", "-"}, request.body);
  if (!page.ok()) return ErrorOf(page.status());
  // As a file, not as a page of this server: it has scripts of its own.
  return {.body = *std::move(page),
          .content_type = "text/html; charset=utf-8",
          .headers = {{"Content-Disposition", "attachment; filename=\"raftly-incident.html\""}}};
}

HttpResponse LabApi::Run(const HttpRequest& request) {
  absl::StatusOr<std::string> trace = processes_.Run({"run", "-"}, request.body);
  if (!trace.ok()) return ErrorOf(trace.status());
  return {.body = *std::move(trace)};
}

}  // namespace raftly
