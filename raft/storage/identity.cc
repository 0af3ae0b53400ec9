#include "raft/storage/identity.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

namespace raftly {
namespace {

constexpr int kFormat = 1;
constexpr size_t kUniqueIdDigits = 32;

nlohmann::json Parse(std::string_view text) {
  return nlohmann::json::parse(text, /*callback=*/nullptr, /*allow_exceptions=*/false);
}

std::optional<std::string> Text(const nlohmann::json& object, const char* name) {
  const auto field = object.find(name);
  if (field == object.end() || !field->is_string()) return std::nullopt;
  return field->get<std::string>();
}

absl::Status Damaged(const std::string& path, const std::string& why) {
  return absl::DataLossError(absl::StrCat(
      path, ": ", why, "; look at the directory with raftly-server -inspect, and let -recover write a new identity"));
}

}  // namespace

std::string UniqueId(uint64_t high, uint64_t low) {
  return absl::StrCat(absl::Hex(high, absl::kZeroPad16), absl::Hex(low, absl::kZeroPad16));
}

bool IsUniqueId(std::string_view text) {
  return text.size() == kUniqueIdDigits &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::string IdentityPath(const std::string& directory) { return directory + "/identity"; }

std::string EncodeIdentity(const Identity& identity) {
  const nlohmann::ordered_json object = {{"cluster_id", identity.cluster_id},
                                         {"node_id", identity.node_id},
                                         {"incarnation", identity.incarnation},
                                         {"format", kFormat}};
  return object.dump() + "\n";
}

absl::StatusOr<Identity> DecodeIdentity(std::string_view text, const std::string& path) {
  const nlohmann::json object = Parse(text);
  if (!object.is_object()) return Damaged(path, "not a JSON object");
  const auto format = object.find("format");
  if (format == object.end() || !format->is_number_integer()) return Damaged(path, "\"format\" is no whole number");
  if (*format != kFormat) {
    return absl::DataLossError(absl::StrCat(path, ": written in format ", format->dump(), ", and this version knows ",
                                            kFormat, " only; start the version that wrote it"));
  }
  const auto cluster = Text(object, "cluster_id");
  if (!cluster || (!cluster->empty() && !IsUniqueId(*cluster))) {
    return Damaged(path, "\"cluster_id\" is neither empty nor 32 lowercase hex digits");
  }
  const auto node = Text(object, "node_id");
  if (!node || node->empty()) return Damaged(path, "\"node_id\" is no name");
  const auto incarnation = Text(object, "incarnation");
  if (!incarnation || !IsUniqueId(*incarnation)) {
    return Damaged(path, "\"incarnation\" is not 32 lowercase hex digits");
  }
  return Identity{*cluster, *node, *incarnation};
}

absl::StatusOr<std::optional<Identity>> ReadIdentity(FileSystem& files, const std::string& directory) {
  const std::string path = IdentityPath(directory);
  const absl::StatusOr<std::string> text = files.Read(path);
  if (absl::IsNotFound(text.status())) return std::nullopt;
  if (!text.ok()) return text.status();
  absl::StatusOr<Identity> identity = DecodeIdentity(*text, path);
  if (!identity.ok()) return identity.status();
  return *std::move(identity);
}

absl::Status WriteIdentity(FileSystem& files, const std::string& directory, const Identity& identity) {
  return files.ReplaceAtomically(IdentityPath(directory), EncodeIdentity(identity));
}

std::string EncodeConfiguration(const std::string& cluster_id, uint32_t features, const std::string& members) {
  nlohmann::json object = members.empty() ? nlohmann::json::object() : Parse(members);
  if (!cluster_id.empty()) object["cluster_id"] = cluster_id;
  if (features != 0) object["features"] = features;
  return object.dump();
}

std::optional<std::string> ClusterIdOf(const Entry& entry) {
  if (entry.type != EntryType::kConfig) return std::nullopt;
  const nlohmann::json object = Parse(entry.data.view());
  if (!object.is_object()) return std::nullopt;
  auto id = Text(object, "cluster_id");
  if (!id || !IsUniqueId(*id)) return std::nullopt;
  return id;
}

uint32_t FeaturesOf(const Entry& entry) {
  if (entry.type != EntryType::kConfig) return 0;
  const nlohmann::json object = Parse(entry.data.view());
  if (!object.is_object()) return 0;
  const auto features = object.find("features");
  const bool number = features != object.end() && features->is_number_unsigned();
  return number ? static_cast<uint32_t>(std::min<uint64_t>(features->get<uint64_t>(), UINT32_MAX)) : 0;
}

}  // namespace raftly
