#include "raft/node/member_changes.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"

namespace raftly {
namespace {

absl::Status UnderWay() {
  return absl::AlreadyExistsError("another change of the members is under way; try again when it has ended");
}

absl::Status NoMember(const NodeId& node) { return absl::NotFoundError(absl::StrCat(node, " is no member")); }

bool IsUnderWay(const Members& now) { return now.configuration.joint() || !now.entering.empty(); }

// All names of the machine itself are one.
std::string Canonical(const std::string& address) {
  for (const std::string_view itself : {"localhost:", "[::1]:"}) {
    if (address.starts_with(itself)) return absl::StrCat("127.0.0.1:", address.substr(itself.size()));
  }
  return address;
}

// Where two members would be reached at one address, one of them would never be.
absl::Status AddressesAreFree(const Members& now, const NodeId& node, const Member& member, const NodeId& besides) {
  for (const auto& [other, known] : now.known) {
    if (other == node || other == besides) continue;
    for (const auto& [theirs, ours] : {std::pair(known.address, member.address), std::pair(known.http, member.http)}) {
      if (!ours.empty() && Canonical(ours) == Canonical(theirs)) {
        return absl::InvalidArgumentError(absl::StrCat(ours, " is the address of ", other));
      }
    }
  }
  return absl::OkStatus();
}

// Who is new to `next` learns.
Members Learning(Members next, const NodeId& node, Member member) {
  next.configuration.learners.insert(node);
  next.known.insert_or_assign(node, std::move(member));
  return next;
}

std::optional<Members> Promoted(const Members& now, const std::function<Acquaintance(const NodeId&)>& know,
                                ChangeRules rules) {
  Members next = now;
  for (const NodeId& node : now.configuration.learners) {
    Member& member = next.known[node];
    if (!member.promote || !know(node).caught_up || (rules.names_directories && member.incarnation.empty())) continue;
    next.configuration.learners.erase(node);
    next.configuration.voters.insert(node);
    next.configuration.voters.erase(std::exchange(member.replaces, {}));
    member.promote = false;
  }
  if (next.configuration == now.configuration) return std::nullopt;
  if (!rules.joint) return Among(next.configuration, next.known);
  return Among(FirstStepTo(next.configuration, now.configuration), next.known);
}

// Either all of them, or one that was unknown among known ones: a first entry that left some out would have them
// treated as strangers' directories later.
std::optional<Members> WrittenDown(const Members& now, const std::function<Acquaintance(const NodeId&)>& know) {
  Members next = now;
  for (auto& [node, member] : next.known) {
    if (member.incarnation.empty()) member.incarnation = know(node).incarnation;
  }
  const bool first =
      std::all_of(now.known.begin(), now.known.end(), [](const auto& one) { return one.second.incarnation.empty(); });
  const bool all = std::none_of(next.known.begin(), next.known.end(),
                                [](const auto& one) { return one.second.incarnation.empty(); });
  if (next == now || (first && !all)) return std::nullopt;
  return next;
}

}  // namespace

absl::StatusOr<Members> WithMember(const Members& now, const NodeId& node, Member member, bool stays_learner) {
  if (node.empty()) return absl::InvalidArgumentError("a member needs an id");
  if (const auto known = now.known.find(node); known != now.known.end()) {
    const bool same = !member.incarnation.empty() && member.incarnation == known->second.incarnation;
    // A learner is never counted, so it may come back as another one at once.
    if (!same && !member.incarnation.empty() && now.configuration.learners.contains(node)) {
      return WithReplaced(now, node, node, std::move(member));
    }
    if (same || (known->second.incarnation.empty() && known->second.address == member.address)) return now;
    return absl::AlreadyExistsError(
        absl::StrCat(node, " is a member already; where its directory or its address is another now, replace it"));
  }
  if (now.entering.contains(node)) return now;
  if (IsUnderWay(now)) return UnderWay();
  if (absl::Status free = AddressesAreFree(now, node, member, {}); !free.ok()) return free;
  if (now.known.size() >= kMostMembers) {
    return absl::InvalidArgumentError(absl::StrCat("there are ", kMostMembers, " members, and no more may be"));
  }
  member.promote = !stays_learner;
  return Learning(now, node, std::move(member));
}

absl::StatusOr<Members> WithReplaced(const Members& now, const NodeId& old, const NodeId& node, Member member) {
  if (node.empty()) return absl::InvalidArgumentError("a member needs an id");
  if (IsUnderWay(now)) return UnderWay();
  const auto present = now.known.find(old);
  if (present == now.known.end()) return NoMember(old);
  if (node != old && now.known.contains(node))
    return absl::AlreadyExistsError(absl::StrCat(node, " is a member already"));
  if (absl::Status free = AddressesAreFree(now, node, member, old); !free.ok()) return free;
  if (now.known.size() >= kMostMembers && node != old) {
    return absl::InvalidArgumentError(absl::StrCat("there are ", kMostMembers, " members, and no more may be"));
  }
  const bool votes = now.configuration.voters.contains(old);
  member.promote = votes || present->second.promote;
  // Also where a node that was taken in by its address alone says now which directory it has.
  member.replaces = present->second.replaces;
  if (node != old && votes) {
    member.replaces = old;
    return Learning(now, node, std::move(member));
  }
  Members next = now;
  if (node == old && !member.incarnation.empty() && member.incarnation == present->second.incarnation) {
    member.promote = present->second.promote;
    next.known[node] = std::move(member);
    return next;
  }
  next.configuration.learners.erase(old);
  next.configuration.voters.erase(old);
  if (next.configuration.voters.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(old, " is the only voter: take another in before it goes"));
  }
  // A learner is never counted, so nothing has to be waited for.
  if (!votes) {
    next.known.erase(old);
    return Learning(std::move(next), node, std::move(member));
  }
  next.entering.insert_or_assign(node, std::move(member));
  return next;
}

absl::StatusOr<Members> WithoutMember(const Members& now, const NodeId& node) {
  if (now.configuration.joint()) return UnderWay();
  if (now.entering.contains(node)) {
    Members next = now;
    next.entering.erase(node);
    return next;
  }
  if (!now.entering.empty()) return UnderWay();
  if (!now.configuration.Has(node)) return NoMember(node);
  Members next = now;
  next.configuration.voters.erase(node);
  next.configuration.learners.erase(node);
  if (next.configuration.voters.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(node, " is the only voter: a cluster without one is none"));
  }
  return next;
}

absl::StatusOr<Members> WithPromoted(const Members& now, const NodeId& node) {
  if (now.configuration.voters.contains(node)) return now;
  if (!now.configuration.learners.contains(node)) return NoMember(node);
  if (IsUnderWay(now)) return UnderWay();
  Members next = now;
  next.known[node].promote = true;
  return next;
}

std::optional<Members> NextStep(const Members& now, const std::function<Acquaintance(const NodeId&)>& know,
                                ChangeRules rules) {
  if (now.configuration.joint()) {
    Members next = Among(Final(now.configuration), now.known);
    next.entering = now.entering;
    return next;
  }
  if (!now.entering.empty()) {
    Members next = now;
    for (auto& [node, member] : std::exchange(next.entering, {})) {
      if (!next.configuration.Has(node)) next = Learning(std::move(next), node, std::move(member));
    }
    return next;
  }
  if (auto next = Promoted(now, know, rules)) return next;
  return rules.names_directories ? WrittenDown(now, know) : std::nullopt;
}

}  // namespace raftly
