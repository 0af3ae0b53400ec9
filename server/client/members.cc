#include "server/client/members.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/http/url.h"
#include "server/kv/json.h"
#include "server/kv/json_value.h"

namespace raftly {
namespace {

using Verb = ClientCommand::Verb;

constexpr char kBase[] = "/api/cluster/members";

struct MemberRow {
  std::string id;
  std::string grpc;
  std::string http;
  std::string role;
  std::optional<int64_t> match = {};
  std::string progress = {};
  std::string version = {};
  std::vector<std::string> notes = {};
  bool becomes_voter = false;
};

bool IsTrue(const JsonValue& object, std::string_view name) {
  const JsonValue* field = object.Find(name);
  return field != nullptr && field->kind == JsonValue::Kind::kBool && field->boolean;
}

absl::StatusOr<MemberRow> ReadMember(const JsonValue& item) {
  JsonFields fields(item, "members[].");
  MemberRow row{.id = fields.String("id"),
                .grpc = fields.String("grpc"),
                .http = fields.String("http"),
                .role = fields.String("role")};
  row.match = fields.OptionalInteger("match_index");
  row.progress = fields.OptionalString("progress").value_or("");
  row.version = fields.OptionalString("version").value_or("");
  row.becomes_voter = IsTrue(item, "becomes_voter");
  if (item.Find("caught_up") != nullptr) {
    row.notes.emplace_back(IsTrue(item, "caught_up") ? "caught up" : "catching up");
    row.notes.emplace_back(row.becomes_voter ? "becomes a voter" : "stays a learner");
  }
  if (const auto old = fields.OptionalString("replaces")) row.notes.push_back("replaces " + *old);
  if (const auto error = fields.OptionalString("error")) row.notes.push_back(*error);
  if (!fields.status().ok()) return fields.status();
  return row;
}

absl::StatusOr<std::vector<MemberRow>> ReadMembers(const JsonValue& body) {
  JsonFields fields(body);
  const JsonValue* members = fields.Array("members");
  if (!fields.status().ok()) return fields.status();
  std::vector<MemberRow> rows;
  for (const JsonValue& item : members->items) {
    auto row = ReadMember(item);
    if (!row.ok()) return row.status();
    rows.push_back(*std::move(row));
  }
  return rows;
}

// Each column as wide as the widest of it, two spaces between them, none at the end of a line.
std::string Aligned(const std::vector<std::vector<std::string>>& lines) {
  std::vector<size_t> widths(lines.front().size());
  for (const auto& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  }
  std::string out;
  for (const auto& line : lines) {
    std::string text;
    for (size_t i = 0; i < line.size(); ++i) {
      absl::StrAppend(&text, line[i], std::string(widths[i] - line[i].size() + 2, ' '));
    }
    text.erase(text.find_last_not_of(' ') + 1);
    absl::StrAppend(&out, out.empty() ? "" : "\n", text);
  }
  return out;
}

std::string Shown(const std::string& text) { return text.empty() ? "-" : text; }

std::string Table(const std::vector<MemberRow>& rows) {
  std::vector<std::vector<std::string>> lines = {
      {"ID", "ROLE", "GRPC", "HTTP", "MATCH", "PROGRESS", "VERSION", "NOTES"}};
  for (const MemberRow& row : rows) {
    lines.push_back({row.id, row.role, Shown(row.grpc), Shown(row.http), row.match ? absl::StrCat(*row.match) : "-",
                     Shown(row.progress), Shown(row.version), absl::StrJoin(row.notes, "; ")});
  }
  return Aligned(lines);
}

std::string WhatItIs(const std::vector<MemberRow>& rows, const std::string& id) {
  const auto row = std::find_if(rows.begin(), rows.end(), [&](const MemberRow& one) { return one.id == id; });
  if (row == rows.end()) return absl::StrCat(id, " is no member");
  return absl::StrCat(id, " is a ", row->role, row->becomes_voter ? ", and a voter once it has caught up" : "");
}

std::string InWords(const ClientCommand& command, const std::vector<MemberRow>& rows) {
  switch (command.verb) {
    case Verb::kMemberList:
      return Table(rows);
    case Verb::kMemberRemove:
      return absl::StrCat("OK: removed ", command.member);
    case Verb::kMemberReplace:
      return absl::StrCat("OK: ", command.successor, " takes the place of ", command.member);
    default:
      return absl::StrCat("OK: ", WhatItIs(rows, command.member));
  }
}

}  // namespace

// They are the last ones.
bool IsOfMembers(Verb verb) { return verb >= Verb::kMemberList; }

client::Request MembersRequest(const ClientCommand& command) {
  const std::string of_one = absl::StrCat(kBase, "/", PercentEncode(command.member));
  const auto newcomer = [&](const std::string& id) {
    return absl::StrCat("{\"id\":", JsonString(id), ",\"grpc\":", JsonString(command.grpc),
                        ",\"http\":", JsonString(command.http), command.learner ? ",\"learner\":true" : "",
                        command.force ? ",\"force\":true" : "", "}");
  };
  switch (command.verb) {
    case Verb::kMemberAdd:
      return {.method = "POST", .target = kBase, .body = newcomer(command.member), .once = true};
    case Verb::kMemberReplace:
      return {.method = "POST", .target = of_one + "/replace", .body = newcomer(command.successor), .once = true};
    case Verb::kMemberRemove:
      return {.method = "DELETE", .target = of_one + (command.force ? "?force=true" : ""), .once = true};
    case Verb::kMemberPromote:
      return {.method = "POST", .target = of_one + "/promote", .once = true};
    case Verb::kLeader:
      return {.method = "POST",
              .target = "/api/cluster/leader",
              .body = absl::StrCat("{\"id\":", JsonString(command.member), "}"),
              .once = true};
    default:
      return {.target = kBase};
  }
}

absl::StatusOr<MembersAnswer> ReadMembersAnswer(const ClientCommand& command, const std::string& body) {
  const auto json = ParseJson(body);
  if (!json.ok()) return json.status();
  if (command.verb == Verb::kLeader) {
    JsonFields fields(*json);
    const std::string leader = fields.String("leader_id");
    const auto took = fields.OptionalInteger("took_ms");
    if (!fields.status().ok()) return fields.status();
    return MembersAnswer{.words = absl::StrCat("OK: ", leader, " leads, after ", took.value_or(0), " ms")};
  }
  const auto rows = ReadMembers(*json);
  if (!rows.ok()) return rows.status();
  MembersAnswer answer{.words = InWords(command, *rows)};
  if (IsTrue(*json, "joint")) {
    answer.hint = "a change is under way: until it ends, the voters before and after it both decide";
  }
  return answer;
}

}  // namespace raftly
