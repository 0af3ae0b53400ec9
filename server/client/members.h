// The members of a cluster and who leads it, over HTTP (SPEC section 4.3): what a command asks for, and the answer in
// words.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "server/client/command_line.h"
#include "server/client/endpoints.h"

namespace raftly {

// Whether the command is one of "member" or "leader".
bool IsOfMembers(ClientCommand::Verb verb);

// Of such a command.
client::Request MembersRequest(const ClientCommand& command);

struct MembersAnswer {
  std::string words;      // lines without the last newline
  std::string hint = {};  // what a person should know besides; may be empty
};

// `body` is what a server answered with 200. InvalidArgument: not what the API says, naming the field.
absl::StatusOr<MembersAnswer> ReadMembersAnswer(const ClientCommand& command, const std::string& body);

}  // namespace raftly
