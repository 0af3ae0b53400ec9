#include "raft/storage/members.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace raftly {
namespace {

using Json = nlohmann::ordered_json;

// Of a name, an address, an incarnation.
constexpr size_t kLongestText = 1024;
// Of all of them: a quarter of what a snapshot's header has room for.
constexpr size_t kLongestMembers = size_t{256} << 10;

// False: no list of names.
bool TakeNames(const Json& members, const char* name, std::set<NodeId>& out) {
  const auto list = members.find(name);
  if (list == members.end()) return true;
  if (!list->is_array() || list->size() > kMostMembers) return false;
  for (const Json& node : *list) {
    if (!node.is_string()) return false;
    const auto& text = node.get_ref<const std::string&>();
    if (text.empty() || text.size() > kLongestText) return false;
    out.insert(text);
  }
  return true;
}

std::string Text(const Json& object, const char* name) {
  const auto field = object.find(name);
  if (field == object.end() || !field->is_string()) return {};
  const auto& text = field->get_ref<const std::string&>();
  return text.size() <= kLongestText ? text : std::string();
}

std::map<NodeId, Member> TakeMembers(const Json& members, const char* name) {
  std::map<NodeId, Member> known;
  const auto all = members.find(name);
  if (all == members.end() || !all->is_object()) return known;
  for (const auto& [node, member] : all->items()) {
    if (!member.is_object() || node.empty() || node.size() > kLongestText || known.size() >= kMostMembers) continue;
    const auto promote = member.find("promote");
    known[node] = {.address = Text(member, "address"),
                   .http = Text(member, "http"),
                   .incarnation = Text(member, "incarnation"),
                   .promote = promote != member.end() && promote->is_boolean() && promote->get<bool>(),
                   .replaces = Text(member, "replaces")};
  }
  return known;
}

Json ToJson(const std::map<NodeId, Member>& members) {
  Json all = Json::object();
  for (const auto& [node, member] : members) {
    Json& one = all[node] = {{"address", member.address}, {"http", member.http}};
    if (!member.incarnation.empty()) one["incarnation"] = member.incarnation;
    if (member.promote) one["promote"] = true;
    if (!member.replaces.empty()) one["replaces"] = member.replaces;
  }
  return all;
}

}  // namespace

Members Among(const Configuration& configuration, const std::map<NodeId, Member>& known) {
  Members members{.configuration = configuration};
  for (const NodeId& node : configuration.Others({})) {
    const auto found = known.find(node);
    members.known[node] = found == known.end() ? Member() : found->second;
  }
  return members;
}

std::string EncodeMembers(const Members& members) {
  const Configuration& configuration = members.configuration;
  Json object = {{"voters", configuration.voters},
                 {"outgoing", configuration.outgoing},
                 {"learners", configuration.learners},
                 {"known", ToJson(members.known)}};
  if (!members.entering.empty()) object["entering"] = ToJson(members.entering);
  return Json{{"members", std::move(object)}}.dump();
}

std::optional<Members> MembersIn(std::string_view configuration) {
  if (configuration.size() > kLongestMembers) return std::nullopt;
  const Json object = Json::parse(configuration, /*callback=*/nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return std::nullopt;
  const auto members = object.find("members");
  if (members == object.end() || !members->is_object()) return std::nullopt;
  Configuration found;
  const bool lists = TakeNames(*members, "voters", found.voters) && TakeNames(*members, "outgoing", found.outgoing) &&
                     TakeNames(*members, "learners", found.learners);
  if (!lists || found.voters.empty()) return std::nullopt;
  Members all = Among(found, TakeMembers(*members, "known"));
  all.entering = TakeMembers(*members, "entering");
  return all;
}

std::optional<Configuration> ConfigurationIn(const Entry& entry) {
  if (entry.type != EntryType::kConfig) return std::nullopt;
  auto members = MembersIn(entry.data.view());
  return members ? std::optional(std::move(members->configuration)) : std::nullopt;
}

}  // namespace raftly
