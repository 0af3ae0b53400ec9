// Keys and values of a Raftly cluster, from C++: any of its nodes will do, and a write happens once however often it
// has to be asked for.
//
//   #include "server/client/raftly_client.h"   // CMake: target_link_libraries(program PRIVATE raftly::client)
//
//   namespace rc = raftly::client;
//   auto client = rc::Client::Open({.endpoints = {"localhost:8001", "localhost:8002", "localhost:8003"}});
//   if (!client.ok()) return client.status();
//   const auto version = (*client)->Put("colour", "blue");
//   const auto colour = (*client)->Get("colour");                                            // colour->value
//   const auto sum = (*client)->Add("visits", 1);                                            // counted once
//   const auto taken = (*client)->Put("colour", "red", {.if_version = *version});
//   if (const auto other = rc::ConflictingVersion(taken.status())) std::cout << "somebody else wrote " << *other;
//
// Every write carries an Idempotency-Key of its own: 128 random bits. The cluster keeps its first answer and repeats
// it, so a request that nobody answered is asked again, of the next node, until the call's deadline. The cluster keeps
// the answers to its last 100,000 writes with a key and to those of an hour, whichever ends first: deadlines are to be
// shorter than that. All nodes in `endpoints` must be of a version that knows Idempotency-Key; a cluster that says that
// not all of its members do (501) gets plain puts and deletes without one, and these are not repeated once they may
// have been taken.
//
// Errors, as absl::StatusCode:
//   kUnavailable        no node did it before the deadline; it was certainly not done
//   kDeadlineExceeded   a node may have done it: the outcome is unknown. Asked again with the same `idempotency_key`
//                       (IdempotencyKeyOf) it is still done only once
//   kAborted            if_version does not hold; ConflictingVersion says what does
//   kNotFound           Get: there is no such key
//   kFailedPrecondition add: the value is no number of 64 bits, or would not be one
//   kInvalidArgument    the request cannot be: names the field
//   kUnauthenticated, kPermissionDenied   a token is missing or unknown, or has another role
//   kAlreadyExists      the Idempotency-Key is another request's
//   kOutOfRange         Watch: the changes from there on are no longer kept; the message names the oldest that are
//   kResourceExhausted  the leader's disk is full; not done
//   kUnimplemented      a member of the cluster is too old for this
//   kCancelled          the stop token was used
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace raftly::client {

class Endpoints;

struct ClientOptions {
  // "host:port", ":port" (this machine), "http://host:port" or "https://host:port"; any nodes of one cluster, at least
  // one. They are asked in this order; who answers is stayed with.
  std::vector<std::string> endpoints = {};
  std::string token = {};  // empty: none
  // Where endpoints are https: a file (PEM) of who vouches for them, besides the authorities of this machine.
  std::string authorities = {};
  // For each call, all its tries together. The servers answer within five seconds each.
  std::chrono::milliseconds deadline{10'000};
};

struct WriteOptions {
  // The version that the key must have; 0: it must be absent.
  std::optional<uint64_t> if_version = {};
  // 1 to 64 bytes; empty: a fresh one. For a write that is to be asked for again by another process.
  std::string idempotency_key = {};
};

struct ReadOptions {
  // The answering node's own state, however old, without asking anyone.
  bool stale = false;
};

// A version is the log index of a key's last change; 0: the server told none, as a Go server does.
struct Versioned {
  std::string value = {};
  uint64_t version = 0;
};

struct ListOptions {
  std::string prefix = {};
  std::string after = {};  // the page before ended with it
  int limit = 100;         // 1 to 1000
  bool values = true;
  bool stale = false;
};

struct Found {
  std::string key = {};
  std::string value = {};  // empty without ListOptions::values
  uint64_t version = 0;
};

struct Page {
  std::vector<Found> keys = {};          // in byte order, as of one moment
  std::optional<std::string> next = {};  // ListOptions::after of the next page
  uint64_t index = 0;                    // the entry of the log that the page is as of
};

struct Step {
  enum class Op { kGet, kPut, kDelete, kAdd, kAppend };
  Op op = Op::kGet;
  std::string key = {};
  std::string value = {};  // of put and append
  int64_t by = 0;          // of add
};

// `then` where every key in `conditions` has that version (0: is absent), else `otherwise`; 128 steps each, at most.
struct Transaction {
  struct Comparison {
    std::string key = {};
    uint64_t version = 0;
  };
  std::vector<Comparison> conditions = {};
  std::vector<Step> then = {};
  std::vector<Step> otherwise = {};
};

struct TransactionResult {
  struct StepResult {
    std::string op = {};
    std::string key = {};
    std::optional<std::string> value = {};
    uint64_t version = 0;  // 0: the key is absent
  };
  bool succeeded = false;  // whether `then` happened
  uint64_t index = 0;      // the version of what it changed
  std::vector<StepResult> results = {};
};

struct WatchOptions {
  std::string prefix = {};
  // The log index to begin with, 1 or above; absent: what comes from now on.
  std::optional<uint64_t> from = {};
  // To go on behind an earlier watch: the id of its last change; counts before `from`.
  std::string last_id = {};
};

struct Change {
  std::string id = {};  // its place among all changes; several of one transaction have one version
  bool deleted = false;
  std::string key = {};
  std::string value = {};  // empty where deleted
  uint64_t version = 0;
};

// Any thread may call anything, several at once. Calls block until their deadline at most.
class Client {
 public:
  // Asks nobody yet. InvalidArgument: an address, or the file of authorities.
  static absl::StatusOr<std::unique_ptr<Client>> Open(ClientOptions options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Linearizable. NotFound where there is no such key.
  absl::StatusOr<Versioned> Get(const std::string& key, const ReadOptions& options = {});
  // The version that it made; 0: the server told none.
  absl::StatusOr<uint64_t> Put(const std::string& key, const std::string& value, const WriteOptions& options = {});
  absl::StatusOr<uint64_t> Delete(const std::string& key, const WriteOptions& options = {});
  // What the key holds now. An absent one counts as 0, or as nothing.
  absl::StatusOr<Versioned> Add(const std::string& key, int64_t by, const WriteOptions& options = {});
  absl::StatusOr<Versioned> Append(const std::string& key, const std::string& text, const WriteOptions& options = {});
  absl::StatusOr<Page> List(const ListOptions& options);
  // `if_version` has no meaning here.
  absl::StatusOr<TransactionResult> Transact(const Transaction& transaction, const WriteOptions& options = {});
  // The same with the request and the answer as the API has them (POST /api/txn).
  absl::StatusOr<std::string> TransactJson(const std::string& json, const WriteOptions& options = {});
  // GET /status of the first endpoint that answers, as JSON; each is asked once.
  absl::StatusOr<std::string> ServerStatus();

  // Calls `on_change`, on this thread, with each change in the log's order, each once, across failures of nodes, until
  // it returns false (Ok) or `stop` is used (Cancelled). Unavailable: no endpoint has answered for as long as the
  // deadline. OutOfRange: no endpoint keeps the changes from there on; the message names the oldest index that the last
  // one keeps. Who reads all keys by List and then watches from Page::index + 1 has a copy that stays true.
  absl::Status Watch(const WatchOptions& options, const std::function<bool(const Change&)>& on_change,
                     std::stop_token stop = {});

 private:
  explicit Client(std::unique_ptr<Endpoints> endpoints, std::chrono::milliseconds deadline);

  const std::unique_ptr<Endpoints> endpoints_;
  const std::chrono::milliseconds deadline_;
};

// Of a status of a write. The version that the key has instead, 0: it is absent; nullopt: it is another error.
std::optional<uint64_t> ConflictingVersion(const absl::Status& status);
// Of a status of a write: under which key it was asked for. Empty: under none.
std::string IdempotencyKeyOf(const absl::Status& status);

}  // namespace raftly::client
