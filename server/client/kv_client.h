// raftly-client: one request to a server, its answer as text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/address.h"

namespace raftly {

struct ClientCommand {
  enum class Verb { kPut, kGet, kDelete, kStatus, kBackup, kVerify };

  Address server = {};
  Verb verb = Verb::kStatus;
  std::string key = {};
  std::string value = {};
  std::string file = {};         // of a backup
  bool tls = false;              // the address began with https://
  std::string authorities = {};  // a file
  std::string token_file = {};

  bool operator==(const ClientCommand&) const = default;
};

// `arguments` is the command line without the program's name. InvalidArgument: one line.
absl::StatusOr<ClientCommand> ParseClientCommand(const std::vector<std::string>& arguments);

// "host:port", ":port" or "http://host:port", with or without a '/' at the end; https where `tls` is given and told.
absl::StatusOr<Address> ParseServerAddress(std::string_view text, bool* tls = nullptr);

// What to print on stdout, without the newline at the end. Blocking.
absl::StatusOr<std::string> RunClientCommand(const ClientCommand& command);

std::string ClientUsage();

}  // namespace raftly
