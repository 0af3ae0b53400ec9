#include "server/http/snapshot_api.h"

#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "raft/storage/snapshot_format.h"
#include "server/cluster/cluster_view.h"
#include "server/http/http_source.h"
#include "server/http/kv_api.h"
#include "server/http/url.h"
#include "server/kv/json.h"
#include "server/kv/number.h"

namespace raftly {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPatience{5000};
constexpr uint64_t kPiece = uint64_t{1} << 20;

// A natural number of the query; nothing where it is absent.
absl::StatusOr<std::optional<uint64_t>> Number(const HttpRequest& request, const std::string& name) {
  const auto text = QueryParameter(request.query(), name);
  if (!text.ok()) return text.status();
  if (!text->has_value()) return std::nullopt;
  const auto number = NumberIn<uint64_t>(**text);
  if (!number) return absl::InvalidArgumentError(absl::StrCat(name, ": want a number"));
  return number;
}

HttpResponse Failed(const absl::Status& status) {
  return ErrorResponse(absl::IsResourceExhausted(status) ? 507 : 503, std::string(status.message()));
}

}  // namespace

void SnapshotApi::Register(Router& router) {
  router.Add("GET", "/api/snapshot", Waiting([this](const HttpRequest& request) { return Backup(request); }));
  router.Add("POST", "/api/snapshot", Waiting([this](const HttpRequest& request) { return Make(request); }));
}

HttpResponse SnapshotApi::Make(const HttpRequest&) {
  const auto begin = std::chrono::steady_clock::now();
  const auto taken = doors_.take();
  if (!taken.ok()) return Failed(taken.status());
  const auto took = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin);
  return {.body = absl::StrCat("{\"node\":", JsonString(doors_.self), ",\"index\":", taken->last_included.index.value,
                               ",\"bytes\":", taken->bytes, ",\"took_ms\":", took.count(), "}")};
}

HttpResponse SnapshotApi::Backup(const HttpRequest& request) {
  const auto index = Number(request, "index");
  if (!index.ok()) return BadRequest(index.status());
  const auto offset = Number(request, "offset");
  if (!offset.ok()) return BadRequest(offset.status());
  if (offset->has_value() && !index->has_value()) {
    return BadRequest(absl::InvalidArgumentError("offset: of which snapshot? give its index as well"));
  }
  uint64_t from = offset->value_or(0);
  Index which{index->value_or(0)};
  if (!index->has_value()) {
    if (auto status = CatchUp(); !status.ok()) return Failed(status);
    const auto taken = doors_.take();
    if (!taken.ok()) return Failed(taken.status());
    which = taken->last_included.index;
  }
  // Its header, whole, says what it is before anything is sent.
  SnapshotDecoder decoder("the snapshot");
  const auto beginning = doors_.read(which, 0, kPiece);
  if (!beginning.ok()) {
    return ErrorResponse(absl::IsNotFound(beginning.status()) ? 404 : 500,
                         absl::StrCat("the snapshot of index ", which.value, " is not there any more"));
  }
  const auto ignore = [](std::string_view) { return absl::OkStatus(); };
  if (auto status = decoder.Feed(*beginning, ignore); !status.ok()) {
    return ErrorResponse(500, std::string(status.message()));
  }
  if (!decoder.has_header()) return ErrorResponse(500, "the snapshot has no header");
  const LogPosition at = decoder.header().last_included;
  HttpResponse response{.content_type = "application/octet-stream"};
  response.headers = {{"Raftly-Index", std::to_string(at.index.value)},
                      {"Raftly-Term", std::to_string(at.term.value)},
                      {"Raftly-Cluster", doors_.cluster_id()}};
  // Cut short where it cannot be read: then it has no end, and no reader takes it for whole.
  response.source = ReadAhead([read = doors_.read, which, from]() mutable {
    auto piece = read(which, from, kPiece);
    if (piece.ok()) from += piece->size();
    return piece;
  });
  return response;
}

absl::Status SnapshotApi::CatchUp() {
  const Time deadline = doors_.consensus.Now() + kPatience;
  while (doors_.consensus.Now() < deadline && !doors_.leaders.view().stopped) {
    if (ReadHere(deadline)) return absl::OkStatus();
    const NodeStatus status = doors_.consensus.status();
    if (!status.leader.empty() && status.leader != doors_.self) {
      const auto committed = CommittedAt(status.leader);
      while (committed.ok() && doors_.consensus.Now() < deadline && !doors_.leaders.view().stopped) {
        if (doors_.consensus.status().last_applied >= *committed) return absl::OkStatus();
        Pause(milliseconds(5));
      }
    }
    Pause(milliseconds(50));
  }
  return absl::UnavailableError("no leader says what is committed");
}

// Where this node leads, a read that waits for nothing else is the proof.
bool SnapshotApi::ReadHere(Time deadline) {
  const auto outcome = std::make_shared<std::promise<absl::Status>>();
  doors_.consensus.Read(
      deadline, [outcome](absl::Status status) { outcome->set_value(std::move(status)); }, Handover::kAtOnce);
  auto told = outcome->get_future();
  return told.wait_for(2 * kPatience) == std::future_status::ready && told.get().ok();
}

// Ends early where another leads, or the server stops.
void SnapshotApi::Pause(Duration pause) const {
  doors_.leaders.Await(doors_.leaders.view().version, doors_.consensus.Now() + pause);
}

// A read that the leader answers proves that it leads still, and what it has committed then is no less.
absl::StatusOr<Index> SnapshotApi::CommittedAt(const NodeId& leader) {
  const PeerAnswer proof = doors_.peers.Call(
      leader, {.method = "GET", .target = "/keys/raftly", .headers = {{kForwardedHeader, doors_.self}}}, kPatience);
  const bool answered =
      proof.outcome == PeerAnswer::Outcome::kAnswered && (proof.response.status == 200 || proof.response.status == 404);
  if (!answered) return absl::UnavailableError(absl::StrCat(leader, " does not answer as leader"));
  const PeerAnswer status = doors_.peers.Call(leader, StatusRequest(), kPatience);
  if (status.outcome != PeerAnswer::Outcome::kAnswered) return absl::UnavailableError(status.error);
  const NodeRow row = RowOf(leader, status.response.body);
  if (!row.reachable) return absl::UnavailableError(row.error);
  return Index{row.commit_index};
}

}  // namespace raftly
