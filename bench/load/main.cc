// raftly-load: how fast a running cluster answers, and how long its clients wait.
#include <httplib.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bench/load/generator.h"
#include "bench/load/options.h"
#include "bench/load/watchers.h"
#include "server/kv/json_value.h"

namespace raftly::load {
namespace {

double Ms(std::chrono::nanoseconds duration) { return static_cast<double>(duration.count()) / 1e6; }
double Seconds(std::chrono::nanoseconds duration) { return static_cast<double>(duration.count()) / 1e9; }

std::string Text(const JsonValue& object, std::string_view name) {
  const JsonValue* value = object.Find(name);
  return value == nullptr ? "" : value->text;
}

bool Leads(const Address& address, const Options& options) {
  const Options::Api api = options.api;
  const std::string scheme = options.authorities.empty() ? "http://" : "https://";
  httplib::Client client(scheme + ToString(address));
  if (!options.authorities.empty()) client.set_ca_cert_path(options.authorities.c_str());
  if (!options.token.empty()) client.set_bearer_token_auth(options.token.c_str());
  client.set_read_timeout(2);
  const bool etcd = api == Options::Api::kEtcd;
  auto answer = etcd ? client.Post("/v3/maintenance/status", "{}", "application/json") : client.Get("/status");
  if (!answer || answer->status != 200) return false;
  const auto body = ParseJson(answer->body);
  if (!body.ok()) return false;
  if (!etcd) return Text(*body, "state") == "Leader";
  const JsonValue* header = body->Find("header");
  return header != nullptr && Text(*header, "member_id") == Text(*body, "leader");
}

// Keeps the leader only.
absl::Status FindLeader(Options& options) {
  for (const Address& address : options.endpoints) {
    if (!Leads(address, options)) continue;
    options.endpoints = {address};
    return absl::OkStatus();
  }
  return absl::UnavailableError("none of the endpoints leads");
}

void ShowProgress(const Progress& progress) {
  if (isatty(STDERR_FILENO) == 0) return;
  std::fprintf(stderr, "\r%4.0f s  %9.0f/s  %llu failed ", Seconds(progress.elapsed),
               static_cast<double>(progress.done) / Seconds(progress.elapsed),
               static_cast<unsigned long long>(progress.failed));
}

void PrintRow(const char* what, const Histogram& histogram, const Result& result) {
  if (histogram.count() == 0) return;
  std::printf("%-4s %10.0f/s   p50 %8.3f  p90 %8.3f  p99 %8.3f  p99.9 %8.3f  max %8.3f  mean %8.3f ms\n", what,
              static_cast<double>(histogram.count()) / Seconds(result.elapsed), Ms(histogram.Quantile(0.5)),
              Ms(histogram.Quantile(0.9)), Ms(histogram.Quantile(0.99)), Ms(histogram.Quantile(0.999)),
              Ms(histogram.max()), Ms(histogram.mean()));
}

void PrintFailures(const char* what, uint64_t count) {
  if (count > 0) std::printf("%s: %llu\n", what, static_cast<unsigned long long>(count));
}

void Print(const Result& result) {
  PrintRow("PUT", result.puts, result);
  PrintRow("GET", result.gets, result);
  for (const auto& [status, count] : result.refused) {
    std::printf("answered %d: %llu\n", status, static_cast<unsigned long long>(count));
  }
  PrintFailures("broken", result.broken);
  PrintFailures("due, but never sent", result.unsent);
  PrintFailures("reconnects", result.reconnects);
  PrintFailures("failed to connect", result.connects_failed);
}

std::string Json(const Histogram& histogram, const Result& result) {
  return absl::StrFormat(
      R"({"count":%d,"per_second":%.1f,"p50_ms":%.4f,"p90_ms":%.4f,"p99_ms":%.4f,"p999_ms":%.4f,"max_ms":%.4f,"mean_ms":%.4f})",
      histogram.count(), static_cast<double>(histogram.count()) / Seconds(result.elapsed), Ms(histogram.Quantile(0.5)),
      Ms(histogram.Quantile(0.9)), Ms(histogram.Quantile(0.99)), Ms(histogram.Quantile(0.999)), Ms(histogram.max()),
      Ms(histogram.mean()));
}

std::string Json(const Options& options, const Result& result, const Watchers::Heard& heard) {
  std::string refused;
  for (const auto& [status, count] : result.refused) {
    absl::StrAppend(&refused, refused.empty() ? "" : ",", "\"", status, "\":", count);
  }
  return absl::StrCat("{\"connections\":", options.connections, ",\"gets_percent\":", options.gets,
                      ",\"value_bytes\":", options.value_bytes, ",\"rate\":", options.rate,
                      ",\"seconds\":", Seconds(result.elapsed), ",\"puts\":", Json(result.puts, result),
                      ",\"gets\":", Json(result.gets, result), ",\"refused\":{", refused,
                      "},\"broken\":", result.broken, ",\"unsent\":", result.unsent,
                      ",\"reconnects\":", result.reconnects, ",\"connects_failed\":", result.connects_failed,
                      ",\"seen\":", Json(heard.after, result), ",\"watchers_lost\":", heard.lost, "}\n");
}

int Fail(const absl::Status& status, const std::string& usage = {}) {
  std::fprintf(stderr, "raftly-load: %s\n%s", std::string(status.message()).c_str(), usage.c_str());
  return 1;
}

int Main(const std::vector<std::string>& arguments) {
  auto options = ParseOptions(arguments);
  if (!options.ok()) return Fail(options.status(), Usage());
  if (options->help) {
    std::cout << Usage();
    return 0;
  }
  if (options->leader) {
    if (absl::Status status = FindLeader(*options); !status.ok()) return Fail(status);
  }
  Watchers watchers(*options);
  if (absl::Status status = watchers.Connect(); !status.ok()) return Fail(status);
  watchers.Start();
  const auto result = Run(*options, ShowProgress);
  const Watchers::Heard heard = watchers.Stop();
  if (!result.ok()) return Fail(result.status());
  if (isatty(STDERR_FILENO) != 0) std::fputc('\n', stderr);
  if (options->json == "-") {
    std::cout << Json(*options, *result, heard);
    return 0;
  }
  Print(*result);
  PrintRow("seen", heard.after, *result);
  PrintFailures("watchers cut off", heard.lost);
  if (options->json.empty()) return 0;
  std::ofstream file(options->json);
  file << Json(*options, *result, heard);
  file.close();
  return file ? 0 : Fail(absl::UnknownError(absl::StrCat("cannot write ", options->json)));
}

}  // namespace
}  // namespace raftly::load

int main(int argc, char** argv) { return raftly::load::Main(std::vector<std::string>(argv + 1, argv + argc)); }
