#include "server/http/http_source.h"

#include <utility>

#include "raft/env/mutex.h"

namespace raftly {
namespace {

// Shared with the thread that reads, which may outlive the source.
class Pieces : public std::enable_shared_from_this<Pieces> {
 public:
  explicit Pieces(std::function<absl::StatusOr<std::string>()> read) : read_(std::move(read)) {}

  void ReadNext(const std::weak_ptr<HttpAsker>& asker) {
    const auto client = asker.lock();
    const bool reads = client && client->OnThread([self = shared_from_this(), asker] {
      auto piece = self->read_();
      self->Put(piece.ok() ? *std::move(piece) : std::string());
      if (const auto still_there = asker.lock()) still_there->Wake();
    });
    if (!reads) Put({});
  }

  HttpSource::Piece Take(std::string& out) {
    MutexLock lock(mutex_);
    if (!ready_) return HttpSource::Piece::kNothing;
    if (piece_.empty()) return HttpSource::Piece::kEnd;
    ready_ = false;
    out = std::exchange(piece_, {});
    return HttpSource::Piece::kSome;
  }

 private:
  void Put(std::string piece) {
    MutexLock lock(mutex_);
    piece_ = std::move(piece);
    ready_ = true;
  }

  const std::function<absl::StatusOr<std::string>()> read_;
  Mutex mutex_;
  bool ready_ ABSL_GUARDED_BY(mutex_) = false;
  std::string piece_ ABSL_GUARDED_BY(mutex_);  // empty: the end
};

class ReadAheadSource : public HttpSource {
 public:
  explicit ReadAheadSource(std::function<absl::StatusOr<std::string>()> read)
      : pieces_(std::make_shared<Pieces>(std::move(read))) {}

  void Begin(std::weak_ptr<HttpAsker> asker) override {
    asker_ = std::move(asker);
    pieces_->ReadNext(asker_);
  }
  Piece Next(std::string& out) override {
    const Piece piece = pieces_->Take(out);
    if (piece == Piece::kSome) pieces_->ReadNext(asker_);
    return piece;
  }
  bool ends_with_client() const override { return false; }

 private:
  const std::shared_ptr<Pieces> pieces_;
  std::weak_ptr<HttpAsker> asker_;
};

}  // namespace

std::shared_ptr<HttpSource> ReadAhead(std::function<absl::StatusOr<std::string>()> read) {
  return std::make_shared<ReadAheadSource>(std::move(read));
}

}  // namespace raftly
