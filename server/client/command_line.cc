#include "server/client/command_line.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "server/client/endpoints.h"
#include "server/node_id.h"

namespace raftly {
namespace {

using Verb = ClientCommand::Verb;

struct VerbWords {
  Verb verb;
  size_t least;  // operands
  size_t most;
};

const std::map<std::string, VerbWords>& Verbs() {
  static const std::map<std::string, VerbWords> verbs = {
      {"put", {Verb::kPut, 2, 2}},       {"get", {Verb::kGet, 1, 1}},         {"delete", {Verb::kDelete, 1, 1}},
      {"add", {Verb::kAdd, 1, 2}},       {"append", {Verb::kAppend, 2, 2}},   {"list", {Verb::kList, 0, 1}},
      {"watch", {Verb::kWatch, 0, 1}},   {"txn", {Verb::kTransaction, 0, 1}}, {"status", {Verb::kStatus, 0, 0}},
      {"backup", {Verb::kBackup, 1, 1}}, {"leader", {Verb::kLeader, 0, 1}},
  };
  return verbs;
}

// What follows "member".
const std::map<std::string, VerbWords>& MemberVerbs() {
  static const std::map<std::string, VerbWords> verbs = {
      {"list", {Verb::kMemberList, 0, 0}},       {"add", {Verb::kMemberAdd, 3, 3}},
      {"replace", {Verb::kMemberReplace, 4, 4}}, {"remove", {Verb::kMemberRemove, 1, 1}},
      {"promote", {Verb::kMemberPromote, 1, 1}},
  };
  return verbs;
}

// A flag stores its value and says what it wants where that is none.
using Store = std::function<absl::Status(ClientCommand& command, const std::string& value)>;
struct Flag {
  std::vector<Verb> verbs;  // empty: of every command, and in front of the address too
  bool boolean;             // -name, -name=true or -name=false
  Store store;
};

absl::Status Want(std::string_view what) {
  return absl::InvalidArgumentError(std::string("want ") + std::string(what));
}

Store Text(std::string ClientCommand::*field) {
  return [field](ClientCommand& command, const std::string& value) {
    command.*field = value;
    return absl::OkStatus();
  };
}

Store Boolean(bool ClientCommand::*field) {
  return [field](ClientCommand& command, const std::string& value) {
    command.*field = value == "true";
    return value == "true" || value == "false" ? absl::OkStatus() : Want("true or false");
  };
}

Store Number(std::optional<uint64_t> ClientCommand::*field, uint64_t least) {
  return [field, least](ClientCommand& command, const std::string& value) {
    uint64_t number = 0;
    if (!absl::SimpleAtoi(value, &number) || number < least) return Want(absl::StrCat("a number from ", least));
    command.*field = number;
    return absl::OkStatus();
  };
}

absl::Status StoreDeadline(ClientCommand& command, const std::string& value) {
  double seconds = 0;
  if (!absl::SimpleAtod(value, &seconds) || !(seconds >= 0.001 && seconds <= 3600))
    return Want("0.001 to 3600 seconds");
  command.deadline = std::chrono::milliseconds(std::llround(seconds * 1000));
  return absl::OkStatus();
}

absl::Status StoreLimit(ClientCommand& command, const std::string& value) {
  const bool good = absl::SimpleAtoi(value, &command.limit) && command.limit >= 1 && command.limit <= 1000;
  return good ? absl::OkStatus() : Want("1 to 1000");
}

absl::Status StoreAbsent(ClientCommand& command, const std::string& value) {
  if (value == "true") command.if_version = 0;
  return value == "true" || value == "false" ? absl::OkStatus() : Want("true or false");
}

const std::map<std::string, Flag>& Flags() {
  static const std::vector<Verb> writes = {Verb::kPut, Verb::kDelete, Verb::kAdd, Verb::kAppend};
  static const std::map<std::string, Flag> flags = {
      {"ca", {{}, false, Text(&ClientCommand::authorities)}},
      {"token-file", {{}, false, Text(&ClientCommand::token_file)}},
      {"deadline", {{}, false, StoreDeadline}},
      {"json", {{}, true, Boolean(&ClientCommand::json)}},
      {"if-version", {writes, false, Number(&ClientCommand::if_version, 1)}},
      {"if-absent", {{Verb::kPut, Verb::kAdd, Verb::kAppend}, true, StoreAbsent}},
      {"idempotency-key",
       {{Verb::kPut, Verb::kDelete, Verb::kAdd, Verb::kAppend, Verb::kTransaction},
        false,
        Text(&ClientCommand::idempotency_key)}},
      {"stale", {{Verb::kGet, Verb::kList}, true, Boolean(&ClientCommand::stale)}},
      {"limit", {{Verb::kList}, false, StoreLimit}},
      {"after", {{Verb::kList}, false, Text(&ClientCommand::after)}},
      {"values", {{Verb::kList}, true, Boolean(&ClientCommand::values)}},
      {"all", {{Verb::kList}, true, Boolean(&ClientCommand::all)}},
      {"from", {{Verb::kWatch}, false, Number(&ClientCommand::from, 1)}},
      {"learner", {{Verb::kMemberAdd}, true, Boolean(&ClientCommand::learner)}},
      {"force", {{Verb::kMemberAdd, Verb::kMemberReplace, Verb::kMemberRemove}, true, Boolean(&ClientCommand::force)}},
      {"last-id", {{Verb::kWatch}, false, Text(&ClientCommand::last_id)}},
  };
  return flags;
}

// The command line, taken word by word.
class Words {
 public:
  Words(const std::vector<std::string>& words, ClientCommand& command) : words_(words), command_(command) {}

  // Takes the flags that stand next. InvalidArgument: one of no meaning here.
  absl::Status TakeLeadingFlags() {
    while (at_ < words_.size() && words_[at_].rfind('-', 0) == 0) {
      const std::string& word = words_[at_];
      const Flag* flag = FlagOf(word);
      if (flag == nullptr || !flag->verbs.empty())
        return absl::InvalidArgumentError(absl::StrCat("unknown flag \"", word, "\""));
      if (absl::Status status = TakeFlag(*flag); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  // What is left, without the flags of that command. What is no flag of it is an operand, as -5 is, and what follows
  // --.
  absl::StatusOr<std::vector<std::string>> TakeOperands(Verb verb) {
    std::vector<std::string> operands;
    while (at_ < words_.size()) {
      if (words_[at_] == "--") {
        operands.insert(operands.end(), words_.begin() + static_cast<std::ptrdiff_t>(at_) + 1, words_.end());
        break;
      }
      const Flag* flag = FlagOf(words_[at_]);
      const bool meant =
          flag != nullptr && (flag->verbs.empty() || std::count(flag->verbs.begin(), flag->verbs.end(), verb) > 0);
      if (!meant) {
        operands.push_back(words_[at_++]);
      } else if (absl::Status status = TakeFlag(*flag); !status.ok()) {
        return status;
      }
    }
    return operands;
  }

  size_t left() const { return words_.size() - at_; }
  const std::string& Take() { return words_[at_++]; }

 private:
  static std::string NameIn(const std::string& word) {
    const size_t dashes = word.rfind("--", 0) == 0 ? 2 : 1;
    return word.substr(dashes, word.find('=') - dashes);
  }
  static const Flag* FlagOf(const std::string& word) {
    if (word.size() < 2 || word.front() != '-') return nullptr;
    const auto found = Flags().find(NameIn(word));
    return found == Flags().end() ? nullptr : &found->second;
  }

  absl::Status TakeFlag(const Flag& flag) {
    const std::string& word = words_[at_++];
    const size_t equals = word.find('=');
    std::string value = "true";
    if (equals != std::string::npos) {
      value = word.substr(equals + 1);
    } else if (!flag.boolean) {
      if (at_ == words_.size()) {
        const bool file = NameIn(word) == "ca" || NameIn(word) == "token-file";
        return absl::InvalidArgumentError(absl::StrCat("flag -", NameIn(word), " needs a ", file ? "file" : "value"));
      }
      value = words_[at_++];
    }
    const absl::Status stored = flag.store(command_, value);
    if (stored.ok()) return stored;
    return absl::InvalidArgumentError(
        absl::StrCat("flag -", NameIn(word), ": ", std::string(stored.message()), ", not \"", value, "\""));
  }

  const std::vector<std::string>& words_;
  ClientCommand& command_;
  size_t at_ = 0;
};

absl::Status CheckEndpoints(const ClientCommand& command) {
  for (const std::string& text : command.endpoints) {
    const auto endpoint = client::ParseEndpoint(text);
    if (!endpoint.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("address \"", text, "\": ", std::string(endpoint.status().message())));
    }
    if (!endpoint->tls && !command.authorities.empty()) {
      return absl::InvalidArgumentError(absl::StrCat("-ca: \"", text, "\" does not begin with https://"));
    }
  }
  return absl::OkStatus();
}

absl::Status Checked(std::string_view argument, const std::string& value, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::InvalidArgumentError(
      absl::StrCat(std::string(argument), " \"", value, "\": ", std::string(status.message())));
}

absl::Status PlaceMember(const std::string& id, const std::string& grpc, const std::string& http,
                         ClientCommand& command) {
  command.grpc = grpc;
  command.http = http;
  absl::Status status = Checked("ID", id, CheckNodeId(id));
  status.Update(Checked("GRPC", grpc, ParseAddress(grpc).status()));
  status.Update(Checked("HTTP", http, ParseAddress(http).status()));
  return status;
}

absl::Status PlaceOperands(const std::vector<std::string>& operands, ClientCommand& command) {
  const std::string first = operands.empty() ? "" : operands[0];
  switch (command.verb) {
    case Verb::kBackup:
      command.file = first;
      return first.empty() ? absl::InvalidArgumentError("the file's name is empty") : absl::OkStatus();
    case Verb::kTransaction:
      command.file = first.empty() ? "-" : first;
      return absl::OkStatus();
    case Verb::kList:
    case Verb::kWatch:
    case Verb::kStatus:
    case Verb::kVerify:
      command.key = first;
      return absl::OkStatus();
    case Verb::kLeader:
      command.member = first;
      return first.empty() ? absl::OkStatus() : Checked("ID", first, CheckNodeId(first));
    case Verb::kMemberList:
      return absl::OkStatus();
    case Verb::kMemberRemove:
    case Verb::kMemberPromote:
      command.member = first;
      return Checked("ID", first, CheckNodeId(first));
    case Verb::kMemberAdd:
      command.member = first;
      return PlaceMember(first, operands[1], operands[2], command);
    case Verb::kMemberReplace:
      command.member = first;
      command.successor = operands[1];
      if (absl::Status status = Checked("OLD", first, CheckNodeId(first)); !status.ok()) return status;
      return PlaceMember(operands[1], operands[2], operands[3], command);
    case Verb::kAdd:
      if (operands.size() < 2) {
        command.by = 1;
      } else if (!absl::SimpleAtoi(operands[1], &command.by)) {
        return absl::InvalidArgumentError(absl::StrCat("\"", operands[1], "\" is no integer of 64 bits"));
      }
      break;
    case Verb::kPut:
    case Verb::kAppend:
      command.value = operands[1];
      break;
    case Verb::kGet:
    case Verb::kDelete:
      break;
  }
  command.key = first;
  return first.empty() ? absl::InvalidArgumentError("the key is empty") : absl::OkStatus();
}

}  // namespace

absl::StatusOr<ClientCommand> ParseClientCommand(const std::vector<std::string>& arguments) {
  ClientCommand command;
  Words words(arguments, command);
  if (absl::Status status = words.TakeLeadingFlags(); !status.ok()) return status;
  if (words.left() == 2 && arguments[arguments.size() - 2] == "verify") {
    command.verb = Verb::kVerify;
    command.file = arguments.back();
    return command;
  }
  if (words.left() < 2) return absl::InvalidArgumentError("want ADDR and a command");
  command.endpoints = absl::StrSplit(words.Take(), ',');
  if (absl::Status status = CheckEndpoints(command); !status.ok()) return status;
  if (absl::Status status = words.TakeLeadingFlags(); !status.ok()) return status;
  if (words.left() == 0) return absl::InvalidArgumentError("want a command");
  std::string word = words.Take();
  const bool of_members = word == "member";
  if (of_members) {
    if (absl::Status status = words.TakeLeadingFlags(); !status.ok()) return status;
    if (words.left() == 0) {
      return absl::InvalidArgumentError("\"member\" needs list, add, replace, remove or promote behind it");
    }
    word = words.Take();
  }
  const auto& verbs = of_members ? MemberVerbs() : Verbs();
  const auto verb = verbs.find(word);
  if (of_members) word = "member " + word;
  if (verb == verbs.end()) return absl::InvalidArgumentError(absl::StrCat("unknown command \"", word, "\""));
  command.verb = verb->second.verb;
  const auto operands = words.TakeOperands(command.verb);
  if (!operands.ok()) return operands.status();
  // A flag after the address counts too.
  if (absl::Status status = CheckEndpoints(command); !status.ok()) return status;
  const auto& [_, least, most] = verb->second;
  if (operands->size() < least || operands->size() > most) {
    return absl::InvalidArgumentError(absl::StrCat("\"", word, "\" takes ", least,
                                                   least == most ? "" : absl::StrCat(" to ", most), " arguments, not ",
                                                   operands->size()));
  }
  if (absl::Status status = PlaceOperands(*operands, command); !status.ok()) return status;
  return command;
}

std::string ClientUsage() {
  return R"(usage: raftly-client [FLAGS] ADDR[,ADDR...] COMMAND
       raftly-client verify FILE

ADDR is host:port, :port, http://host:port or https://host:port of any node. With several, the next one is asked where
one does not answer.

  put KEY VALUE [-if-version N | -if-absent]     set a key
  get KEY [-stale]                               print it
  delete KEY [-if-version N]                     remove it
  add KEY [N]                                    add N, or 1, to the number that it holds; conditions as for put
  append KEY TEXT                                append to its value; conditions as for put
  list [PREFIX] [-limit N] [-after KEY] [-values=false] [-all] [-stale]
                                                 keys in byte order, N (100) of them or all
  watch [PREFIX] [-from INDEX] [-last-id ID]     a line for each change, from now on, from INDEX on, or behind the one
                                                 of that id (-json tells it), until Ctrl-C
  txn [FILE]                                     the JSON of POST /api/txn, from a file or standard input
  status                                         of the first node that answers
  backup FILE, verify FILE                       the state as a file; one that broke off is gone on with
  member list                                    who belongs to the cluster, and how far each is
  member add ID GRPC HTTP [-learner]             take a node in, which listens at these host:port; it is a voter once it
                                                 has caught up, with -learner it stays a read replica
  member replace OLD ID GRPC HTTP                another node in the place of one; under the same ID one whose directory
                                                 was lost, or that has moved
  member remove ID                               take one out
  member promote ID                              let a learner become a voter
  leader [ID]                                    hand the lead over to that voter, or to one that the leader chooses

Flags stand in front of the command, or with those in brackets above behind it. After -- nothing is a flag.
  -json               each result is one line of JSON; so is an error, on standard error
  -deadline SECONDS   until then it is asked again and again, by default 10
  -idempotency-key K  of a write; by default a fresh one. With one key a write happens once, however often it is run
  -force              of member add, replace and remove: also where a majority of the voters that there would be is not
                      heard from, and nothing can be committed any more
  -ca FILE            who vouches for the server, with https://, besides those of this machine
  -token-file FILE    holds a token, where the server wants one

exit status
  0  done; also get of a key that is absent, without -json
  1  not done: a wrong command line, a request that cannot be, no node that does it before the deadline
  3  get: the key is absent, with -json
  4  -if-version or -if-absent does not hold; of txn, "else" happened
  5  outcome unknown: a node may have done it; the message tells the key to ask again with, or what shows it
  6  a token is missing, unknown, or has another role
)";
}

}  // namespace raftly
