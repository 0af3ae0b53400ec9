#include "server/http/http_source.h"

#include <optional>
#include <utility>

#include "raft/env/mutex.h"

namespace raftly {
namespace {

// Lives as long as a thread reads for it.
class ReadAheadSource : public HttpSource, public std::enable_shared_from_this<ReadAheadSource> {
 public:
  explicit ReadAheadSource(std::function<absl::StatusOr<std::string>()> read) : read_(std::move(read)) {}

  void Begin(std::weak_ptr<HttpAsker> asker) override {
    asker_ = std::move(asker);
    ReadNext();
  }
  Piece Next(std::string& out) override {
    {
      MutexLock lock(mutex_);
      if (!piece_) return Piece::kNothing;
      if (piece_->empty()) return Piece::kEnd;
      out = *std::exchange(piece_, std::nullopt);
    }
    ReadNext();
    return Piece::kSome;
  }
  bool ends_with_client() const override { return false; }

 private:
  void ReadNext() {
    const auto asker = asker_.lock();
    if (!asker || !asker->OnThread([self = shared_from_this()] { self->Put(self->read_().value_or("")); })) Put("");
  }
  void Put(std::string piece) {
    {
      MutexLock lock(mutex_);
      piece_ = std::move(piece);
    }
    if (const auto asker = asker_.lock()) asker->Wake();
  }

  const std::function<absl::StatusOr<std::string>()> read_;
  std::weak_ptr<HttpAsker> asker_;
  Mutex mutex_;
  std::optional<std::string> piece_ ABSL_GUARDED_BY(mutex_);  // the next one; empty: the end
};

}  // namespace

std::shared_ptr<HttpSource> ReadAhead(std::function<absl::StatusOr<std::string>()> read) {
  return std::make_shared<ReadAheadSource>(std::move(read));
}

}  // namespace raftly
