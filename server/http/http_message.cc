#include "server/http/http_message.h"

#include <algorithm>

#include "server/kv/json.h"

namespace raftly {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::string_view FindHeader(const HttpHeaders& headers, std::string_view name) {
  const auto same = [](char a, char b) { return Lower(a) == Lower(b); };
  for (const auto& [key, value] : headers) {
    if (std::equal(key.begin(), key.end(), name.begin(), name.end(), same)) return value;
  }
  return {};
}

std::string_view HttpRequest::path() const {
  const std::string_view all = target;
  return all.substr(0, all.find('?'));
}

std::string_view HttpRequest::query() const {
  const size_t mark = target.find('?');
  return mark == std::string::npos ? std::string_view() : std::string_view(target).substr(mark + 1);
}

HttpResponse ErrorResponse(int status, std::string_view message) {
  HttpResponse response{.status = status};
  response.body = "{\"error\":" + JsonString(message) + "}";
  if (status == 503) response.headers.emplace_back("Retry-After", "1");
  return response;
}

HttpResponse BadRequest(const absl::Status& status) { return ErrorResponse(400, std::string(status.message())); }

}  // namespace raftly
