// The command line of raftly-client: what is wanted, of whom, and how it is printed.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace raftly {

struct ClientCommand {
  enum class Verb {
    kPut,
    kGet,
    kDelete,
    kAdd,
    kAppend,
    kList,
    kWatch,
    kTransaction,
    kStatus,
    kBackup,
    kVerify,
    kMemberList,
    kMemberAdd,
    kMemberReplace,
    kMemberRemove,
    kMemberPromote,
    kLeader
  };

  std::vector<std::string> endpoints = {};
  Verb verb = Verb::kStatus;
  std::string key = {};    // or the prefix, of list and watch
  std::string value = {};  // or what is appended
  int64_t by = 0;          // what is added
  std::string file = {};   // of a backup, or of a transaction ("-": standard input)

  std::string authorities = {};  // a file
  std::string token_file = {};
  std::chrono::milliseconds deadline{10'000};
  bool json = false;

  std::optional<uint64_t> if_version = {};  // 0: the key must be absent
  std::string idempotency_key = {};
  bool stale = false;

  std::string after = {};
  int limit = 100;
  bool values = true;
  bool all = false;
  std::optional<uint64_t> from = {};
  std::string last_id = {};

  std::string member = {};     // an id: whom a change is about; who is to lead, or empty: the leader chooses
  std::string successor = {};  // of a member that is replaced
  std::string grpc = {};       // where the one that comes in is
  std::string http = {};
  bool learner = false;  // it stays one
  bool force = false;

  bool operator==(const ClientCommand&) const = default;
};

// `arguments` is the command line without the program's name. InvalidArgument: one line.
absl::StatusOr<ClientCommand> ParseClientCommand(const std::vector<std::string>& arguments);

std::string ClientUsage();

}  // namespace raftly
