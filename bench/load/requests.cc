#include "bench/load/requests.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace raftly::load {
namespace {

std::string Request(const char* method, const std::string& target, const std::string& host, const std::string& body,
                    const std::string& token = {}) {
  std::string out = absl::StrCat(method, " ", target, " HTTP/1.1\r\nHost: ", host, "\r\n");
  if (!token.empty()) absl::StrAppend(&out, "Authorization: Bearer ", token, "\r\n");
  if (!body.empty()) {
    absl::StrAppend(&out, "Content-Type: application/json\r\nContent-Length: ", body.size(), "\r\n");
  }
  return absl::StrCat(out, "\r\n", body);
}

}  // namespace

std::string Base64(std::string_view bytes) { return absl::Base64Escape({bytes.data(), bytes.size()}); }

Requests::Requests(const Options& options)
    : options_(options), value_(options.value_bytes, 'v'), random_(options.seed) {}

// Zeros, then the number: as long as asked for, or as long as the number needs.
std::string Requests::Key(uint64_t number) const {
  std::string digits = std::to_string(number);
  if (digits.size() < options_.key_bytes) digits.insert(0, options_.key_bytes - digits.size(), '0');
  return digits;
}

Requests::Next Requests::Make(const std::string& host) {
  const std::string key = Key((options_.in_order ? next_++ : random_()) % options_.keys);
  const bool get = static_cast<int>(random_() % 100) < options_.gets;
  if (options_.api == Options::Api::kEtcd) {
    if (get) {
      const std::string serializable = options_.stale ? ",\"serializable\":true" : "";
      return {get,
              Request("POST", "/v3/kv/range", host, absl::StrCat("{\"key\":\"", Base64(key), "\"", serializable, "}"))};
    }
    return {get, Request("POST", "/v3/kv/put", host,
                         absl::StrCat("{\"key\":\"", Base64(key), "\",\"value\":\"", Base64(value_), "\"}"))};
  }
  const std::string target = absl::StrCat("/keys/", key);
  if (get)
    return {get, Request("GET", target + (options_.stale ? "?consistency=stale" : ""), host, "", options_.token)};
  return {get, Request("PUT", target, host, absl::StrCat("{\"value\":\"", value_, "\"}"), options_.token)};
}

}  // namespace raftly::load
