#include "server/join.h"

#include <httplib.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/connect_error.h"
#include "server/http_client.h"
#include "server/kv/json.h"

namespace raftly {
namespace {

constexpr std::chrono::seconds kPatience{10};
constexpr std::chrono::milliseconds kPause{300};
constexpr std::chrono::milliseconds kLongPause{3000};

// Of an address that says no interface the cluster sees which one it is.
std::string BodyOf(const Options& options, const std::string& incarnation) {
  const Address& http = options.http_named ? options.http_peers.at(options.id) : options.http;
  Address grpc = options.grpc;
  if (grpc.host.empty() && options.http_named) grpc.host = http.host;
  return absl::StrCat("{\"id\":", JsonString(options.id), ",\"grpc\":", JsonString(ToString(grpc)),
                      ",\"http\":", JsonString(ToString(http)), ",\"incarnation\":", JsonString(incarnation), "}");
}

std::string ErrorIn(const httplib::Result& answer) {
  const auto object = ParseJsonObject(answer->body);
  const JsonField* error = object.ok() ? object->Find("error") : nullptr;
  return error != nullptr ? std::string(error->text) : absl::StrCat("HTTP status ", answer->status);
}

}  // namespace

Joining::Joining(const Options& options, std::string incarnation, std::string token, Doors doors, const Logger& log)
    : url_(*options.join),
      body_(BodyOf(options, incarnation)),
      token_(std::move(token)),
      doors_(std::move(doors)),
      log_(log) {
  // Who has only been started again will hear its leader soon.
  loop_.Post([this] { Again(kPause); });
}

void Joining::Try() {
  const absl::Status asked = Ask();
  if (!asked.ok() && !absl::IsUnavailable(asked)) return doors_.on_refused(asked);
  const std::string complaint =
      asked.ok() ? "it has begun to, and its leader has not been heard here yet" : std::string(asked.message());
  if (complaint != last_complaint_) {
    log_.Warn("not taken in yet", {{"cluster", ToString(url_)}, {"reason", complaint}});
  }
  last_complaint_ = complaint;
  Again(asked.ok() ? kLongPause : kPause);
}

void Joining::Again(Duration pause) {
  if (doors_.is_member()) return log_.Info("this node is a member of its cluster");
  loop_.PostAt(loop_.Now() + std::min<Duration>(pause, kPause),
               [this, pause] { pause > kPause ? Again(pause - kPause) : Try(); });
}

absl::Status Joining::Ask() const {
  const auto made = NewHttpClient(url_.address, url_.secure ? doors_.tls.get() : nullptr);
  if (!made.ok()) return made.status();
  httplib::Client& client = **made;
  client.set_connection_timeout(kPatience);
  client.set_read_timeout(kPatience);
  httplib::Headers headers;
  if (!token_.empty()) headers.emplace("Authorization", absl::StrCat("Bearer ", token_));
  const auto answer = client.Post("/api/cluster/members", headers, body_, "application/json");
  if (!answer) {
    const char* tls = ExplainTls(answer.error());
    return absl::UnavailableError(tls != nullptr ? std::string(tls)
                                                 : WhyNoConnection(url_.address, std::chrono::seconds(1)));
  }
  if (answer->status == 200) return absl::OkStatus();
  // 409: somebody may be about to replace who had this id, or another change has to end.
  const bool passes = answer->status >= 500 || answer->status == 429 || answer->status == 409;
  const std::string why = absl::StrCat(ToString(url_), ": ", ErrorIn(answer));
  return passes ? absl::UnavailableError(why) : absl::FailedPreconditionError(why);
}

}  // namespace raftly
