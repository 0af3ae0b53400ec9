#include "server/client/commands.h"

#include <httplib.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "server/client/answers.h"
#include "server/client/backup.h"
#include "server/client/endpoints.h"
#include "server/client/members.h"
#include "server/client/raftly_client.h"
#include "server/http_client.h"
#include "server/kv/json.h"

namespace raftly {
namespace {

using Verb = ClientCommand::Verb;

absl::StatusOr<std::string> TokenOf(const ClientCommand& command) {
  if (command.token_file.empty()) return std::string();
  auto token = ReadTlsFile({"token-file", command.token_file});
  if (token.ok()) absl::StripAsciiWhitespace(&*token);
  return token;
}

// {"key":"k","value":"v","version":7}; without what is not given.
std::string Json(const std::string& key, const std::optional<std::string>& value, uint64_t version) {
  return absl::StrCat("{\"key\":", JsonString(key), value ? ",\"value\":" + JsonString(*value) : "",
                      ",\"version\":", version, "}");
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

std::string InWords(const client::TransactionResult& result) {
  std::string out = absl::StrCat("succeeded: ", result.succeeded ? "true" : "false", "\nindex: ", result.index);
  for (const auto& step : result.results) {
    absl::StrAppend(&out, "\n", step.op, " ", step.key,
                    step.value          ? " = " + *step.value
                    : step.version == 0 ? " not found"
                                        : "");
  }
  return out;
}

std::string Json(const client::Change& change) {
  const std::string value = change.deleted ? "" : ",\"value\":" + JsonString(change.value);
  return absl::StrCat("{\"id\":", JsonString(change.id), ",\"op\":\"", change.deleted ? "delete" : "put",
                      "\",\"key\":", JsonString(change.key), value, ",\"version\":", change.version, "}");
}

std::string InWords(const client::Change& change) {
  return absl::StrCat(change.version, change.deleted ? " delete " : " put ", change.key,
                      change.deleted ? "" : " = " + change.value);
}

std::string Json(const std::string& file, const BackupReport& report) {
  const LogPosition at = report.header.last_included;
  return absl::StrCat("{\"file\":", JsonString(file), ",\"index\":", at.index.value, ",\"term\":", at.term.value,
                      ",\"cluster_id\":", JsonString(report.cluster_id), ",\"bytes\":", report.bytes, "}");
}

std::string InWords(const std::string& file, const BackupReport& report) {
  const bool resumed = report.resumed_at > 0;
  return absl::StrCat("OK: ", file, ": ", Describe(report),
                      resumed ? absl::StrCat(", resumed at ", report.resumed_at) : "");
}

std::string WithoutNewline(std::string text) {
  absl::StripTrailingAsciiWhitespace(&text);
  return text;
}

ExitCode CodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return ExitCode::kDone;
    case absl::StatusCode::kAborted:
      return ExitCode::kConditionFailed;
    case absl::StatusCode::kDeadlineExceeded:
      return ExitCode::kUnknown;
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return ExitCode::kNotAllowed;
    default:
      return ExitCode::kError;
  }
}

class Runner {
 public:
  Runner(const ClientCommand& command, std::FILE* out, std::FILE* err) : command_(command), out_(out), err_(err) {}

  ExitCode Run() {
    if (absl::Status status = Do(); !status.ok()) return Complain(status);
    return code_;
  }

 private:
  absl::Status Do() {
    if (command_.verb == Verb::kVerify) return Told(VerifyBackup(command_.file));
    auto token = TokenOf(command_);
    if (!token.ok()) return token.status();
    if (command_.verb == Verb::kBackup) return Backup(*token);
    if (IsOfMembers(command_.verb)) return Members(*token);
    auto client = client::Client::Open({.endpoints = command_.endpoints,
                                        .token = *std::move(token),
                                        .authorities = command_.authorities,
                                        .deadline = command_.deadline});
    if (!client.ok()) return client.status();
    return Do(**client);
  }

  absl::Status Do(client::Client& client) {
    const client::WriteOptions write{.if_version = command_.if_version, .idempotency_key = command_.idempotency_key};
    const std::string& key = command_.key;
    switch (command_.verb) {
      case Verb::kPut:
        return Written(client.Put(key, command_.value, write), absl::StrCat("OK: ", key, " = ", command_.value));
      case Verb::kDelete:
        return Written(client.Delete(key, write), absl::StrCat("OK: deleted ", key));
      case Verb::kGet:
        return Get(client);
      case Verb::kAdd:
        return Value(client.Add(key, command_.by, write));
      case Verb::kAppend:
        return Value(client.Append(key, command_.value, write));
      case Verb::kList:
        return List(client);
      case Verb::kWatch:
        return client.Watch({.prefix = key, .from = command_.from, .last_id = command_.last_id},
                            [this](const client::Change& change) {
                              Line(command_.json ? Json(change) : InWords(change));
                              return std::fflush(out_) == 0;  // whoever reads us may be gone
                            });
      case Verb::kTransaction:
        return Transact(client, write);
      case Verb::kStatus:
        return Status(client);
      default:  // done without a client
        break;
    }
    return absl::OkStatus();
  }

  absl::Status Written(const absl::StatusOr<uint64_t>& version, const std::string& words) {
    if (!version.ok()) return version.status();
    Line(command_.json ? Json(command_.key, std::nullopt, *version) : words);
    return absl::OkStatus();
  }

  absl::Status Value(const absl::StatusOr<client::Versioned>& value) {
    if (!value.ok()) return value.status();
    Line(command_.json ? Json(command_.key, value->value, value->version)
                       : absl::StrCat(command_.key, " = ", value->value));
    return absl::OkStatus();
  }

  absl::Status Get(client::Client& client) {
    const auto value = client.Get(command_.key, {.stale = command_.stale});
    if (!absl::IsNotFound(value.status())) return Value(value);
    if (command_.json) code_ = ExitCode::kNotFound;
    Line(command_.json ? Json(command_.key, std::nullopt, 0) : absl::StrCat("key \"", command_.key, "\" not found"));
    return absl::OkStatus();
  }

  absl::Status List(client::Client& client) {
    client::ListOptions options{.prefix = command_.key,
                                .after = command_.after,
                                .limit = command_.all ? 1000 : command_.limit,
                                .values = command_.values,
                                .stale = command_.stale};
    while (true) {
      const auto page = client.List(options);
      if (!page.ok()) return page.status();
      for (const client::Found& found : page->keys) {
        const auto value = command_.values ? std::optional(found.value) : std::nullopt;
        Line(command_.json ? Json(found.key, value, found.version)
                           : found.key + (command_.values ? " = " + found.value : ""));
      }
      if (!page->next) return absl::OkStatus();
      if (!command_.all) {
        std::fprintf(err_, "raftly-client: there are more: -after '%s', or -all\n", page->next->c_str());
        return absl::OkStatus();
      }
      options.after = *page->next;
    }
  }

  absl::Status Transact(client::Client& client, const client::WriteOptions& write) {
    std::ifstream file;
    if (command_.file != "-") file.open(command_.file, std::ios::binary);
    std::istream& in = command_.file == "-" ? std::cin : file;
    const std::string body{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    if (!in) return absl::InvalidArgumentError(command_.file + ": cannot be read");
    const auto answer = client.TransactJson(body, write);
    if (!answer.ok()) return answer.status();
    const auto result = client::ReadTransactionResult(*answer);
    if (!result.ok()) return result.status();
    if (!result->succeeded) code_ = ExitCode::kConditionFailed;
    Line(command_.json ? WithoutNewline(*answer) : InWords(*result));
    return absl::OkStatus();
  }

  absl::Status Status(client::Client& client) {
    const auto body = client.ServerStatus();
    if (!body.ok()) return body.status();
    const auto shown = command_.json ? WithoutNewline(*body) : Fields(*body);
    if (!shown.ok()) return shown.status();
    Line(*shown);
    return absl::OkStatus();
  }

  absl::StatusOr<std::unique_ptr<client::Endpoints>> OpenEndpoints(const std::string& token) const {
    auto trust = ReadTlsFiles({.authorities = {"ca", command_.authorities}});
    if (!trust.ok()) return trust.status();
    std::vector<client::Endpoint> places;
    for (const std::string& text : command_.endpoints) places.push_back(*client::ParseEndpoint(text));
    return std::make_unique<client::Endpoints>(std::move(places), *std::move(trust), token);
  }

  absl::Status Members(const std::string& token) {
    const auto endpoints = OpenEndpoints(token);
    if (!endpoints.ok()) return endpoints.status();
    const auto answer = (*endpoints)->Ask(MembersRequest(command_), client::Clock::now() + command_.deadline);
    if (!answer.ok()) return answer.status();
    // 412 is another one here than of a key's version.
    if (answer->status == 412) return absl::FailedPreconditionError(client::Describe(*answer));
    if (answer->status != 200) return client::Refused(*answer);
    const auto read = ReadMembersAnswer(command_, answer->body);
    if (!read.ok()) {
      return absl::InternalError(absl::StrCat("the server's answer: ", std::string(read.status().message())));
    }
    Line(command_.json ? WithoutNewline(answer->body) : read->words);
    if (!command_.json && !read->hint.empty()) std::fprintf(err_, "raftly-client: %s\n", read->hint.c_str());
    return absl::OkStatus();
  }

  // From the first node that has one to give.
  absl::Status Backup(const std::string& token) {
    const auto opened = OpenEndpoints(token);
    if (!opened.ok()) return opened.status();
    const client::Endpoints& endpoints = **opened;
    const bool shown = isatty(fileno(err_)) != 0;
    uint64_t next = 0;
    const auto progress = [&](uint64_t bytes) {
      if (!shown || bytes < next) return;
      next = bytes + (uint64_t{1} << 20);
      std::fprintf(err_, "\r%llu MiB ", static_cast<unsigned long long>(bytes >> 20));
    };
    absl::StatusOr<BackupReport> report = absl::UnavailableError("");
    for (size_t which = 0; which < endpoints.size() && absl::IsUnavailable(report.status()); ++which) {
      report = TakeBackup(endpoints.at(which).address, *endpoints.Connect(which), command_.file, progress);
    }
    if (shown) std::fputs("\r", err_);
    return Told(report);
  }

  absl::Status Told(const absl::StatusOr<BackupReport>& report) {
    if (!report.ok()) return report.status();
    Line(command_.json ? Json(command_.file, *report) : InWords(command_.file, *report));
    return absl::OkStatus();
  }

  void Line(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), out_);
    std::fputc('\n', out_);
  }

  ExitCode Complain(const absl::Status& status) {
    const ExitCode code = CodeOf(status);
    std::string message(status.message());
    const auto version = client::ConflictingVersion(status);
    const std::string key = client::IdempotencyKeyOf(status);
    if (command_.json) {
      std::string json = absl::StrCat("{\"error\":", JsonString(message));
      if (version) absl::StrAppend(&json, ",\"version\":", *version);
      if (code == ExitCode::kUnknown && !key.empty()) absl::StrAppend(&json, ",\"idempotency_key\":", JsonString(key));
      std::fprintf(err_, "%s}\n", json.c_str());
      return code;
    }
    if (version && *version > 0) absl::StrAppend(&message, " (the key's version is ", *version, ")");
    if (version && *version == 0) message += " (there is no such key)";
    if (code == ExitCode::kUnknown && !key.empty()) {
      absl::StrAppend(&message, " (the outcome is unknown; to make sure of it, run this again with -idempotency-key ",
                      key, ")");
    }
    if (code == ExitCode::kUnknown && IsOfMembers(command_.verb))
      message += " (the outcome is unknown: see member list)";
    std::fprintf(err_, "raftly-client: %s\n", message.c_str());
    return code;
  }

  const ClientCommand& command_;
  std::FILE* const out_;
  std::FILE* const err_;
  ExitCode code_ = ExitCode::kDone;
};

}  // namespace

ExitCode RunClientCommand(const ClientCommand& command, std::FILE* out, std::FILE* err) {
  return Runner(command, out, err).Run();
}

}  // namespace raftly
