#include "chaos/sim/member_changes.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "raft/node/member_changes.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;

constexpr Actor kActor = 0;
// A leader that is cut off forgets what it was asked for.
constexpr Duration kPatience = 2s;

std::vector<NodeId> ListOf(const std::set<NodeId>& nodes) { return {nodes.begin(), nodes.end()}; }

}  // namespace

MemberChanges::MemberChanges(World& world, SimCluster& cluster, const Settings& settings, uint64_t seed)
    : world_(world),
      cluster_(cluster),
      settings_(settings),
      seed_(Mix64(seed ^ 0x3e3be25)),
      plan_(seed_),
      random_(Mix64(~seed_)) {}

void MemberChanges::Begin() {
  if (settings_.spares > 0) Plan();
}

void MemberChanges::Plan() {
  const Duration next = plan_.Between(settings_.change_every / 5, settings_.change_every * 9 / 5);
  world_.At(world_.now() + next, kActor, [this] {
    random_ = Random(Mix64(seed_ ^ Mix64(++changes_)));
    Tend();
    if (!resting_ && !settings_.spared.contains(kFirst + changes_)) Change();
    Plan();
  });
}

void MemberChanges::Tend() {
  const auto in_force = cluster_.judges().InForce();
  for (int node = 0; node < cluster_.size(); ++node) {
    const bool is_member = std::any_of(in_force.begin(), in_force.end(), [&](const MembersJudge::Known* known) {
      return known->configuration.Has(cluster_.id(node));
    });
    if (is_member && !cluster_.serves(node)) cluster_.Join(node);
    if (is_member && settings_.identities && cluster_.lost_directory(node)) Replace(node);
    if (!is_member && cluster_.serves(node) && !resting_ && random_.Chance(300)) cluster_.Retire(node);
  }
}

// As an operator would, again until it is another member of the same name.
void MemberChanges::Replace(int node) {
  const int leader = cluster_.leader();
  if (leader < 0 || leader == node || cluster_.paused(leader)) return;
  const NodeId id = cluster_.id(node);
  cluster_.ChangeMembers(
      leader,
      [id](const Members& now) -> absl::StatusOr<Members> {
        const auto known = now.known.find(id);
        if (known == now.known.end()) return absl::FailedPreconditionError("it is no member any more");
        const bool learns = now.configuration.learners.contains(id);
        if (learns && known->second.incarnation.empty()) return absl::FailedPreconditionError("it is replaced already");
        return WithReplaced(now, id, id, {});
      },
      kPatience);
}

// Not while somebody has no memory: where the others become fewer, it may be the one without whom nobody is elected.
void MemberChanges::Change() {
  const int leader = cluster_.leader();
  if (leader < 0 || cluster_.paused(leader) || cluster_.Amnesiacs() > 0) return;
  const MemberWish wish = Draw(cluster_.status(leader).members->configuration, cluster_.id(leader));
  const std::string what = absl::StrCat(cluster_.id(leader), " is asked to change the members: learn ",
                                        absl::StrJoin(wish.learn, ","), wish.promote ? " and vote" : "", "; vote ",
                                        absl::StrJoin(wish.vote, ","), "; leave ", absl::StrJoin(wish.leave, ","));
  cluster_.Say(what);
  if (Watcher* watcher = cluster_.watcher()) watcher->OnFault(kFirst + changes_, what);
  for (const std::set<NodeId>* taken_in : {&wish.learn, &wish.vote}) {
    for (const NodeId& id : *taken_in) {
      // The others start late: see Tend.
      if (!cluster_.serves(cluster_.PlaceOf(id)) && random_.Chance(700)) cluster_.Join(cluster_.PlaceOf(id));
    }
  }
  cluster_.ChangeMembers(
      leader,
      [this, wish](const Members& now) -> absl::StatusOr<Members> {
        if (cluster_.Amnesiacs() > 0) return absl::UnavailableError("somebody has no memory");
        return Apply(wish, now);
      },
      kPatience);
}

MemberWish MemberChanges::Draw(const Configuration& now, const NodeId& leader) {
  const uint64_t dice = random_.Below(1000);
  const std::vector<NodeId> voters = ListOf(now.voters);
  if (dice < 300) return {.learn = Some(Free(), 2), .promote = true};
  if (dice < 400) return {.learn = Some(Free(), 2)};
  if (dice < 480) return {.promote = true};
  if (dice < 600) return {.leave = {leader}};
  if (dice < 750) return {.leave = Some(ListOf(now.Others({})), 2)};
  if (dice < 900) return {.vote = Some(Free(), 3), .leave = Some(voters, 3)};
  return {.vote = Some(ListOf(now.learners), 3), .leave = Some(voters, 2)};
}

// At least one, where there is any.
std::set<NodeId> MemberChanges::Some(std::vector<NodeId> of, size_t most) {
  std::set<NodeId> some;
  size_t wanted = 1 + random_.Below(most);
  for (; wanted > 0 && !of.empty(); --wanted) {
    const size_t which = random_.Below(of.size());
    some.insert(of[which]);
    of.erase(of.begin() + static_cast<std::ptrdiff_t>(which));
  }
  return some;
}

std::vector<NodeId> MemberChanges::Free() const {
  std::vector<NodeId> free;
  for (int node = 0; node < cluster_.size(); ++node) {
    if (!cluster_.serves(node)) free.push_back(cluster_.id(node));
  }
  return free;
}

}  // namespace raftly
