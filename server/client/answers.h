// What servers answer, and what is asked of them, as values: the JSON and the statuses of the API of keys.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/client/endpoints.h"
#include "server/client/raftly_client.h"

namespace raftly::client {

// The version in an ETag; 0: there is none.
uint64_t VersionIn(const std::string& etag);

// The error that an answer means; its message is Describe's. `key`: the write's Idempotency-Key, empty of a read.
absl::Status Refused(const Answer& answer, const std::string& key = {});
// Marks the status of a write with its Idempotency-Key.
absl::Status WithKey(absl::Status status, const std::string& key);

// InvalidArgument: not what the API says, naming the field.
absl::StatusOr<Versioned> ReadValue(const Answer& answer);  // GET and POST /keys/…
absl::StatusOr<Page> ReadPage(const std::string& body);     // GET /keys
absl::StatusOr<TransactionResult> ReadTransactionResult(const std::string& body);
absl::StatusOr<Change> ReadChange(const std::string& id, const std::string& data);  // an event of GET /api/watch

std::string ToJson(const Transaction& transaction);

}  // namespace raftly::client
