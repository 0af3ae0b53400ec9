// Requests, replies and what became of calls, as the transport's tests write them.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "raft/env/transport.h"

namespace raftly {

using namespace std::chrono_literals;

inline Request Vote(NodeId candidate, uint64_t term = 1) {
  VoteRequest request;
  request.term = {term};
  request.candidate = std::move(candidate);
  return request;
}
inline Request Append(NodeId leader, uint64_t term = 1) {
  AppendRequest request;
  request.term = {term};
  request.leader = std::move(leader);
  return request;
}
inline Reply Granted(uint64_t term = 1) { return VoteReply{.term = {term}, .granted = true}; }

inline Reply Appended(bool success) {
  AppendReply reply;
  reply.success = success;
  return reply;
}

// The answers to calls, in order of arrival, for tests of a single thread.
struct Answers {
  std::vector<absl::StatusOr<Reply>> all;

  ReplyFn Keep() {
    return [this](absl::StatusOr<Reply> answer) { all.push_back(std::move(answer)); };
  }
  std::vector<absl::StatusCode> codes() const {
    std::vector<absl::StatusCode> codes;
    for (const auto& answer : all) codes.push_back(answer.status().code());
    return codes;
  }
};

using Codes = std::vector<absl::StatusCode>;
inline constexpr auto kOk = absl::StatusCode::kOk;
inline constexpr auto kLate = absl::StatusCode::kDeadlineExceeded;
inline constexpr auto kGone = absl::StatusCode::kUnavailable;
inline constexpr auto kStopped = absl::StatusCode::kCancelled;

}  // namespace raftly
