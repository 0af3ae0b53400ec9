// Members that come, go, and lose their directories.
#include <utility>

#include "absl/strings/str_cat.h"
#include "lab/laboratory_impl.h"

namespace raftly {
namespace {

using Fields = Trace::Fields;

// How often it is looked after members in the end.
constexpr Duration kTendEvery = std::chrono::milliseconds(200);
constexpr Actor kOperator = 6001;

}  // namespace

std::optional<MemberWish> Laboratory::WishOf(const Act& act) {
  MemberWish wish{.promote = act.what == Act::Do::kMember && act.on};
  for (const auto& [names, whom] :
       {std::pair(&act.learn, &wish.learn), std::pair(&act.vote, &wish.vote), std::pair(&act.leave, &wish.leave)}) {
    const auto nodes = Resolve(*names);
    if (!nodes) return std::nullopt;
    for (const int node : *nodes) whom->insert(cluster_.id(node));
  }
  const auto replaced = Resolve({}, {act.replace});
  if (!replaced) return std::nullopt;
  if (!replaced->empty()) wish.replace = cluster_.id(replaced->front());
  return wish;
}

Fields Laboratory::FieldsOf(const MemberWish& wish) {
  Fields fields = Fields::object();
  if (!wish.learn.empty()) fields["learn"] = wish.learn;
  if (wish.promote) fields["promote"] = true;
  if (!wish.vote.empty()) fields["vote"] = wish.vote;
  if (!wish.leave.empty()) fields["leave"] = wish.leave;
  if (!wish.replace.empty()) fields["replace"] = wish.replace;
  return fields;
}

void Laboratory::AskForChange(size_t number, int node, const MemberWish& wish) {
  const auto told = [this, number, node](const absl::StatusOr<Applied>& began) {
    if (!over_) Add("change", ChangeOf(number, node, began));
  };
  if (!cluster_.up(node)) return told(absl::FailedPreconditionError("nobody is there"));
  cluster_.ChangeMembers(
      node, [wish](const Members& now) { return Apply(wish, now); }, experiment_.acts[number].time, told);
}

void Laboratory::Start(int node) {
  const bool is_spare = node >= cluster_.members() + experiment_.outsiders;
  is_spare && !cluster_.serves(node) ? cluster_.Join(node) : cluster_.Start(node);
}

// Its machine goes on: a process that ran is started again.
void Laboratory::LoseDirectory(int node) {
  const bool ran = cluster_.up(node);
  cluster_.Crash(node, SimDisk::Crash::kProcess);
  cluster_.LoseDirectory(node);
  if (ran) Start(node);
}

void Laboratory::TendMembers() {
  operator_.Tend();
  world_.At(world_.now() + kTendEvery, kOperator, [this] {
    if (!rests_ && !over_) TendMembers();
  });
}

}  // namespace raftly
