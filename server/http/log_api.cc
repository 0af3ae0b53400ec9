#include "server/http/log_api.h"

#include "absl/strings/str_cat.h"
#include "server/http/url.h"
#include "server/kv/command.h"
#include "server/kv/json.h"
#include "server/kv/number.h"
#include "server/kv/utf8.h"

namespace raftly {
namespace {

constexpr size_t kDefaultLimit = 20;
constexpr size_t kMaxLimit = 200;

std::string Shown(const std::string& value) {
  if (value.size() <= kMaxShownValue) return value;
  size_t end = kMaxShownValue;
  while (end > 0 && (static_cast<unsigned char>(value[end]) & 0xC0) == 0x80) --end;  // within a character
  return value.substr(0, end) + "…";
}

// Of a configuration as it is: it has no key, and no more than a few hundred bytes.
std::string Rendered(const Entry& entry) {
  if (entry.type == EntryType::kNormal) return DescribeCommand(entry.data.view());
  const std::string_view data = entry.data.view();
  return IsUtf8(data) ? Shown(std::string(data)) : std::string();
}

std::string EntryJson(const Entry& entry, const NodeStatus& status) {
  return absl::StrCat("{\"index\":", entry.index.value,                                              //
                      ",\"term\":", entry.term.value,                                                //
                      ",\"type\":", entry.type == EntryType::kNormal ? "\"normal\"" : "\"config\"",  //
                      ",\"committed\":", entry.index <= status.commit_index ? "true" : "false",      //
                      ",\"applied\":", entry.index <= status.last_applied ? "true" : "false",        //
                      ",\"data\":", JsonString(Rendered(entry)), "}");
}

HttpResponse Describe(const Entries& entries, const NodeStatus& status) {
  const Index last = entries.empty() ? status.last_index : entries.back().index;
  std::string json = absl::StrCat("{\"node\":", JsonString(status.id),              //
                                  ",\"last_index\":", last.value,                   //
                                  ",\"commit_index\":", status.commit_index.value,  //
                                  ",\"last_applied\":", status.last_applied.value,  //
                                  ",\"entries\":[");
  const char* comma = "";
  for (const Entry& entry : entries) {
    absl::StrAppend(&json, comma, EntryJson(entry, status));
    comma = ",";
  }
  return {.body = json + "]}"};
}

}  // namespace

std::string DescribeCommand(std::string_view data) {
  const Command command = DecodeCommand(data);
  switch (command.op) {
    case Command::Op::kPut:
      return absl::StrCat("put ", command.key, "=", Shown(command.value));
    case Command::Op::kAdd:
      return absl::StrCat("add ", command.key, " ", command.by);
    case Command::Op::kAppend:
      return absl::StrCat("append ", command.key, "+", Shown(command.value));
    case Command::Op::kClock:
      return absl::StrCat("clock ", command.now_ms);
    case Command::Op::kTransaction:
      return absl::StrCat("txn of ", command.transaction->then.size(), " or ", command.transaction->otherwise.size());
    case Command::Op::kDelete:
      return absl::StrCat("del ", command.key);
    case Command::Op::kNothing:
      break;
  }
  return {};
}

size_t LogLimit(const HttpRequest& request) {
  const auto text = QueryParameter(request.query(), "limit");
  if (!text.ok() || !text->has_value()) return kDefaultLimit;
  const auto limit = NumberIn<size_t>(**text);
  return limit && *limit >= 1 && *limit <= kMaxLimit ? *limit : kDefaultLimit;
}

void RegisterLogApi(Router& router, TailFn tail) {
  router.Add("GET", "/api/log", Waiting([tail = std::move(tail)](const HttpRequest& request) {
               const auto [entries, status] = tail(LogLimit(request));
               return Describe(entries, status);
             }));
}

}  // namespace raftly
