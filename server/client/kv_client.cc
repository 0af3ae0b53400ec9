#include "server/client/kv_client.h"

#include <httplib.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "server/client/backup.h"
#include "server/connect_error.h"
#include "server/http/url.h"
#include "server/http_client.h"
#include "server/kv/json.h"

namespace raftly {
namespace {

// The server answers within its own five seconds.
constexpr int kConnectSeconds = 3;
constexpr int kAnswerSeconds = 10;

httplib::Result Ask(httplib::Client& client, const ClientCommand& command) {
  client.set_tcp_nodelay(true);
  client.set_url_encode(false);
  client.set_connection_timeout(kConnectSeconds);
  client.set_read_timeout(kAnswerSeconds);
  const std::string path = absl::StrCat("/keys/", PercentEncode(command.key));
  switch (command.verb) {
    case ClientCommand::Verb::kPut:
      return client.Put(path, absl::StrCat("{\"value\":", JsonString(command.value), "}"), "application/json");
    case ClientCommand::Verb::kGet:
      return client.Get(path);
    case ClientCommand::Verb::kDelete:
      return client.Delete(path);
    case ClientCommand::Verb::kStatus:
    case ClientCommand::Verb::kBackup:
    case ClientCommand::Verb::kVerify:
      break;
  }
  return client.Get("/status");
}

absl::StatusOr<std::unique_ptr<httplib::Client>> ClientOf(const ClientCommand& command) {
  const auto trust = ReadTlsFiles({.authorities = {"ca", command.authorities}});
  if (!trust.ok()) return trust.status();
  auto client = NewHttpClient(command.server, command.tls ? &*trust : nullptr);
  if (!client.ok() || command.token_file.empty()) return client;
  auto token = ReadTlsFile({"token-file", command.token_file});
  if (!token.ok()) return token.status();
  absl::StripAsciiWhitespace(&*token);
  (*client)->set_bearer_token_auth(token->c_str());
  return client;
}

std::string Explain(const Address& server, httplib::Error error) {
  if (const char* tls = ExplainTls(error)) return tls;
  switch (error) {
    case httplib::Error::Connection:
    case httplib::Error::ConnectionTimeout:
    case httplib::Error::BindIPAddress:
      return WhyNoConnection(server, std::chrono::seconds(kConnectSeconds));
    case httplib::Error::Read:
      return absl::StrCat("it closed the connection, or took longer than ", kAnswerSeconds, " s");
    case httplib::Error::Write:
      return "the connection broke while the request was sent";
    default:
      return "the HTTP exchange failed: " + httplib::to_string(error);
  }
}

absl::Status Refused(const httplib::Response& response) {
  const auto object = ParseJsonObject(response.body);
  const JsonField* error = object.ok() ? object->Find("error") : nullptr;
  return absl::UnknownError(absl::StrCat("the server answered ", response.status, error ? ": " : "",
                                         error ? std::string(error->text) : std::string()));
}

// Those in front of the address. What is left.
absl::StatusOr<std::vector<std::string>> TakeFlags(const std::vector<std::string>& arguments, ClientCommand& command) {
  size_t at = 0;
  for (; at < arguments.size() && arguments[at].rfind('-', 0) == 0; at += 2) {
    const std::string name = arguments[at].substr(arguments[at].rfind("--", 0) == 0 ? 2 : 1);
    if (name != "ca" && name != "token-file")
      return absl::InvalidArgumentError(absl::StrCat("unknown flag \"", arguments[at], "\""));
    if (at + 1 == arguments.size()) return absl::InvalidArgumentError(absl::StrCat("flag -", name, " needs a file"));
    (name == "ca" ? command.authorities : command.token_file) = arguments[at + 1];
  }
  return std::vector<std::string>(arguments.begin() + static_cast<std::ptrdiff_t>(at), arguments.end());
}

absl::StatusOr<std::string> Value(const ClientCommand& command, const std::string& body) {
  const auto object = ParseJsonObject(body);
  if (!object.ok()) return object.status();
  const JsonField* value = object->Find("value");
  if (value == nullptr) return absl::UnknownError("the server's answer has no field \"value\"");
  return absl::StrCat(command.key, " = ", std::string(value->text));
}

absl::StatusOr<std::string> Fields(const std::string& body) {
  const auto object = ParseJsonObject(body);
  if (!object.ok()) return object.status();
  std::string out;
  for (const JsonField& field : object->fields()) {
    absl::StrAppend(&out, out.empty() ? "" : "\n", std::string(field.name), ": ", std::string(field.text));
  }
  return out;
}

// On a terminal, how far it is.
absl::StatusOr<std::string> Backup(const ClientCommand& command) {
  const bool shown = isatty(STDERR_FILENO) != 0;
  uint64_t next = 0;
  auto client = ClientOf(command);
  if (!client.ok()) return client.status();
  const auto report = TakeBackup(command.server, **client, command.file, [&](uint64_t bytes) {
    if (!shown || bytes < next) return;
    next = bytes + (uint64_t{1} << 20);
    std::fprintf(stderr, "\r%llu MiB ", static_cast<unsigned long long>(bytes >> 20));
  });
  if (shown) std::fputs("\r", stderr);
  if (!report.ok()) return report.status();
  return absl::StrCat("OK: ", command.file, ": ", Describe(*report),
                      report->resumed_at > 0 ? absl::StrCat(", resumed at ", report->resumed_at) : "");
}

}  // namespace

absl::StatusOr<Address> ParseServerAddress(std::string_view text, bool* tls) {
  constexpr std::string_view kScheme = "http://";
  constexpr std::string_view kSecureScheme = "https://";
  if (tls != nullptr && text.substr(0, kSecureScheme.size()) == kSecureScheme) {
    *tls = true;
    text.remove_prefix(kSecureScheme.size());
  }
  if (text.substr(0, kScheme.size()) == kScheme) text.remove_prefix(kScheme.size());
  if (!text.empty() && text.back() == '/') text.remove_suffix(1);
  return ParseAddress(text);
}

absl::StatusOr<ClientCommand> ParseClientCommand(const std::vector<std::string>& given) {
  using Verb = ClientCommand::Verb;
  ClientCommand command;
  const auto without_flags = TakeFlags(given, command);
  if (!without_flags.ok()) return without_flags.status();
  const std::vector<std::string>& arguments = *without_flags;
  if (arguments.size() == 2 && arguments[0] == "verify") {
    return ClientCommand{.verb = Verb::kVerify, .file = arguments[1]};
  }
  if (arguments.size() < 2) return absl::InvalidArgumentError("want ADDR and a command");
  const auto address = ParseServerAddress(arguments[0], &command.tls);
  if (!address.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("address \"", arguments[0], "\": ", std::string(address.status().message())));
  }
  command.server = *address;
  if (!command.tls && !command.authorities.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("-ca: \"", arguments[0], "\" does not begin with https://"));
  }
  const std::string& verb = arguments[1];
  size_t operands = 0;
  if (verb == "put") {
    command.verb = Verb::kPut;
    operands = 2;
  } else if (verb == "get" || verb == "delete") {
    command.verb = verb == "get" ? Verb::kGet : Verb::kDelete;
    operands = 1;
  } else if (verb == "backup") {
    command.verb = Verb::kBackup;
    operands = 1;
  } else if (verb != "status") {
    return absl::InvalidArgumentError(absl::StrCat("unknown command \"", verb, "\""));
  }
  if (arguments.size() != 2 + operands) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", verb, "\" takes ", operands, " arguments, not ", static_cast<int>(arguments.size()) - 2));
  }
  if (command.verb == Verb::kBackup) {
    command.file = arguments[2];
    if (command.file.empty()) return absl::InvalidArgumentError("the file's name is empty");
    return command;
  }
  if (operands > 0) command.key = arguments[2];
  if (operands > 1) command.value = arguments[3];
  if (operands > 0 && command.key.empty()) return absl::InvalidArgumentError("the key is empty");
  return command;
}

absl::StatusOr<std::string> RunClientCommand(const ClientCommand& command) {
  if (command.verb == ClientCommand::Verb::kBackup) return Backup(command);
  if (command.verb == ClientCommand::Verb::kVerify) {
    const auto report = VerifyBackup(command.file);
    if (!report.ok()) return report.status();
    return absl::StrCat("OK: ", command.file, ": ", Describe(*report));
  }
  const auto client = ClientOf(command);
  if (!client.ok()) return client.status();
  const httplib::Result result = Ask(**client, command);
  if (!result) {
    return absl::UnavailableError(
        absl::StrCat("no answer from ", ToString(command.server), ": ", Explain(command.server, result.error())));
  }
  if (command.verb == ClientCommand::Verb::kGet && result->status == 404) {
    return absl::StrCat("key \"", command.key, "\" not found");
  }
  if (result->status != 200) return Refused(*result);
  switch (command.verb) {
    case ClientCommand::Verb::kPut:
      return absl::StrCat("OK: ", command.key, " = ", command.value);
    case ClientCommand::Verb::kGet:
      return Value(command, result->body);
    case ClientCommand::Verb::kDelete:
      return absl::StrCat("OK: deleted ", command.key);
    case ClientCommand::Verb::kStatus:
    case ClientCommand::Verb::kBackup:
    case ClientCommand::Verb::kVerify:
      break;
  }
  return Fields(result->body);
}

std::string ClientUsage() {
  return "usage: raftly-client [-ca FILE] [-token-file FILE] ADDR put KEY VALUE | get KEY | delete KEY | status | "
         "backup FILE\n"
         "       raftly-client verify FILE\n"
         "  ADDR   host:port, :port, http://host:port or https://host:port of any node\n"
         "  -ca    a file of those who vouch for the server, with https://, besides those of this machine\n"
         "  -token-file  a file that holds a token, where the server wants one\n"
         "  FILE   a backup; one that broke off is gone on with\n";
}

}  // namespace raftly
