#include "bench/load/requests.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "bench/load/watchers.h"

namespace raftly::load {
namespace {

std::string Request(const char* method, const std::string& target, const std::string& host, const std::string& body,
                    const std::string& headers = {}) {
  std::string out = absl::StrCat(method, " ", target, " HTTP/1.1\r\nHost: ", host, "\r\n");
  out += headers;
  if (!body.empty()) {
    absl::StrAppend(&out, "Content-Type: application/json\r\nContent-Length: ", body.size(), "\r\n");
  }
  return absl::StrCat(out, "\r\n", body);
}

}  // namespace

std::string Base64(std::string_view bytes) { return absl::Base64Escape({bytes.data(), bytes.size()}); }

Requests::Requests(const Options& options)
    : options_(options),
      value_(options.value_bytes, 'v'),
      run_(absl::StrCat(absl::Hex(std::random_device{}()))),
      random_(options.seed) {}

// Zeros, then the number: as long as asked for, or as long as the number needs.
std::string Requests::Key(uint64_t number) const {
  std::string digits = std::to_string(number);
  if (digits.size() < options_.key_bytes) digits.insert(0, options_.key_bytes - digits.size(), '0');
  return digits;
}

std::string Requests::Headers(const std::string& etag) {
  std::string headers;
  if (!options_.token.empty()) absl::StrAppend(&headers, "Authorization: Bearer ", options_.token, "\r\n");
  if (options_.puts == Options::Puts::kOnce) {
    absl::StrAppend(&headers, "Idempotency-Key: ", run_, "-", ++writes_, "\r\n");
  } else if (options_.puts == Options::Puts::kConditional && !etag.empty()) {
    absl::StrAppend(&headers, "If-Match: ", etag, "\r\n");
  }
  return headers;
}

Requests::Next Requests::Make(const std::string& host, size_t connection, const std::string& etag) {
  const bool own = options_.puts == Options::Puts::kConditional;
  std::string key = Key((own ? connection : options_.in_order ? next_++ : random_()) % options_.keys);
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
  std::string value = value_;
  if (options_.watchers > 0) {
    const std::string sent = SentAt();
    value.replace(0, sent.size(), sent);
    if (static_cast<int>(random_() % 100) < options_.watched) {
      key.insert(0, WatchedPrefix(random_() % options_.prefixes));
    }
  }
  if (get) {
    const std::string target =
        options_.list > 0 ? absl::StrCat("/keys?limit=", options_.list) : absl::StrCat("/keys/", key);
    const char* stale = !options_.stale ? "" : options_.list > 0 ? "&consistency=stale" : "?consistency=stale";
    return {get, Request("GET", target + stale, host, "", Headers(""))};
  }
  return {get, Request("PUT", absl::StrCat("/keys/", key), host, absl::StrCat("{\"value\":\"", value, "\"}"),
                       Headers(etag))};
}

}  // namespace raftly::load
