// What a request for keys wants, and how it is answered (SPEC sections 4 and 4.2).
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/http/http_message.h"
#include "server/kv/kv_service.h"

namespace raftly {

inline constexpr char kKeysPrefix[] = "/keys/";
inline constexpr char kTransactionPath[] = "/api/txn";

struct KvWish {
  enum class Kind { kRead, kReadStale, kWrite };

  Kind kind = Kind::kRead;
  std::string key;
  KvWrite write = {};  // of kWrite
  enum class Tells { kNothing, kValue, kJson };
  Tells tells = Tells::kNothing;  // of a write: what its answer is

  bool reads() const { return kind != Kind::kWrite; }
};

// Whether that takes so long to find out that others should not wait for it.
bool TakesLong(const HttpRequest& request);
// InvalidArgument or OutOfRange: what is wrong with it.
absl::StatusOr<KvWish> WishOf(const HttpRequest& request);
// Whether a reader is content with this node's own state.
absl::StatusOr<bool> WantsStale(const HttpRequest& request);
// Of something wrong with a request: 413 or 400.
HttpResponse AnswerTo(const absl::Status& wrong);
HttpResponse AnswerTo(const KvWish& wish, const KvResult& result);
// Of anything but kOk.
HttpResponse FailureOf(const KvResult& result);

}  // namespace raftly
