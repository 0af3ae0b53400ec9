#include "chaos/sim/workload.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "chaos/sim/requests.h"
#include "chaos/sim/wishes.h"
#include "raft/node/errors.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;
using Kind = Operation::Kind;
using Told = Operation::Outcome;

// Whether each of them took effect has to be guessed in the end.
constexpr int kUnknownAdds = 6;

}  // namespace

// One operation at a time, each tried until it is answered, certainly failed, or out of time. A write of unknown
// outcome is tried again only where the cluster can tell that it was there before.
class Workload::Client {
 public:
  Client(Workload& workload, int number, uint64_t seed)
      : workload_(workload), number_(number), wishes_(workload.settings_, Mix64(seed ^ 0x31511e5) + number) {}

  void Think() {
    const Duration think = workload_.settings_.think;
    After(random().Between(think / 5, think * 9 / 5), [this] { Ask(); });
  }
  const Operation* open() const { return asking_ ? &operation_ : nullptr; }

 private:
  Random& random() { return workload_.world_.random(); }
  SimCluster& cluster() { return workload_.cluster_; }
  Time now() const { return workload_.world_.now(); }
  void After(Duration delay, Task task) { workload_.world_.At(now() + delay, kActor + number_, std::move(task)); }
  // A client's way to a node, and back.
  void Travel(Task task) { After(random().Between(50us, 1ms), std::move(task)); }

  void Ask();
  void ChooseWrite();
  bool builds() const { return number_ < workload_.settings_.builders; }
  // Its writes carry an Idempotency-Key, so that it may ask again.
  bool asks_again() const { return workload_.settings_.sessions || builds(); }
  Duration Patience() const;
  void Try();
  void Arrive(uint64_t attempt);
  void OnProposed(uint64_t attempt, const absl::StatusOr<WriteOutcome>& outcome);
  void OnRead(uint64_t attempt, const absl::StatusOr<std::optional<Found>>& found);
  void OnSilence(uint64_t attempt);
  void Uncertain();
  void TryElsewhere(const NodeId& hint);
  void Finish(Told outcome);

  static constexpr Actor kActor = 5000;

  Workload& workload_;
  const int number_;
  Wishes wishes_;
  Operation operation_;
  std::string command_;  // of a write
  uint32_t features_ = 0;
  uint64_t asked_ = 0;  // operations
  bool uncertain_ = false;
  bool asking_ = false;
  int node_ = 0;
  Time give_up_{};
  uint64_t attempt_ = 0;  // answers to earlier ones come too late
};

void Workload::Client::Ask() {
  if (workload_.ending_) return;
  const Settings& settings = workload_.settings_;
  operation_ = {.client = number_, .key = {}, .value = {}, .invoked = now()};
  operation_.key = absl::StrCat("k", random().Below(static_cast<uint64_t>(settings.keys)));
  // The last client only writes: whether a cluster makes progress must not hang on what the others happen to ask.
  const bool only_writes = number_ == settings.clients;
  const uint64_t dice = only_writes ? 1000 : random().Below(1000);
  if (dice < settings.read_permille) {
    operation_.kind = Kind::kGet;
    if (settings.add_permille > 0 && random().Chance(200)) operation_.key = "sum";
  } else if (dice < settings.read_permille + settings.delete_permille) {
    operation_.kind = Kind::kDelete;
  } else {
    ChooseWrite();
  }
  if (builds()) {
    wishes_.Change(operation_, ++workload_.values_, workload_.unknown_adds_ < kUnknownAdds);
  }
  ++asked_;
  const std::string once = asks_again() ? absl::StrCat("c", number_, ".", asked_) : std::string();
  if (operation_.kind != Kind::kGet) command_ = CommandOf(operation_, once);
  // The others ask old servers, too: there must be something to commit where one of them has been down from the start.
  features_ = builds() && settings.identities ? FeaturesOf(operation_, once) : 0;
  uncertain_ = false;
  operation_.number = ++workload_.asked_;
  asking_ = true;
  give_up_ = now() + settings.client_timeout;
  // Now and then someone else, so that a deposed leader gets visitors.
  if (random().Chance(150)) node_ = static_cast<int>(random().Below(static_cast<uint64_t>(cluster().size())));
  if (Watcher* watcher = cluster().watcher()) watcher->OnCall(node_, operation_);
  Try();
}

void Workload::Client::ChooseWrite() {
  const Settings& settings = workload_.settings_;
  operation_.kind = Kind::kPut;
  operation_.value = absl::StrCat("v", ++workload_.values_);
  if (settings.append_permille == 0) return;
  const uint64_t dice = random().Below(1000);
  if (dice < settings.append_permille) {
    operation_.kind = Kind::kAppend;
    operation_.value->insert(0, ",");
  }
  if (dice < 1000 - settings.add_permille || workload_.unknown_adds_ >= kUnknownAdds) return;
  operation_.kind = Kind::kAdd;
  operation_.key = "sum";
  operation_.value = absl::StrCat(workload_.values_);
}

// With one attempt.
Duration Workload::Client::Patience() const {
  const Duration left = give_up_ - now();
  const Settings& settings = workload_.settings_;
  return std::max(asks_again() ? std::min(left, settings.client_timeout / 3) : left, Duration(1ms));
}

void Workload::Client::Try() {
  const uint64_t attempt = ++attempt_;
  Travel([this, attempt] { Arrive(attempt); });
  After(Patience(), [this, attempt] { OnSilence(attempt); });
}

void Workload::Client::Arrive(uint64_t attempt) {
  if (attempt != attempt_ || !asking_) return;
  if (!cluster().up(node_)) return Travel([this, attempt] { OnProposed(attempt, NotLeaderError("")); });
  const Duration left = Patience();
  if (operation_.kind == Kind::kGet) {
    return cluster().Get(node_, operation_.key, left, [this, attempt](auto found) {
      Travel([this, attempt, found = std::move(found)] { OnRead(attempt, found); });
    });
  }
  auto told = [this, attempt](absl::StatusOr<WriteOutcome> outcome) {
    Travel([this, attempt, outcome = std::move(outcome)] { OnProposed(attempt, outcome); });
  };
  cluster().Propose(node_, command_, left, std::move(told), features_);
}

void Workload::Client::OnProposed(uint64_t attempt, const absl::StatusOr<WriteOutcome>& outcome) {
  if (attempt != attempt_ || !asking_) return;
  if (outcome.ok()) {
    if (const absl::Status understood = TakeAnswer(*outcome, operation_); !understood.ok()) {
      return cluster().Accuse(absl::StrCat("answers: ", std::string(understood.message())));
    }
    return Finish(operation_.outcome);
  }
  const absl::Status& status = outcome.status();
  const bool certainly_not = absl::IsFailedPrecondition(status) || absl::IsAborted(status) ||
                             absl::IsResourceExhausted(status) || absl::IsUnimplemented(status);
  if (certainly_not || operation_.kind == Kind::kGet) return TryElsewhere(LeaderHint(status));
  Uncertain();
}

// Trying again what may have happened could make it happen twice.
void Workload::Client::Uncertain() {
  uncertain_ = true;
  if (asks_again() && now() < give_up_) return TryElsewhere({});
  Finish(Told::kUnknown);
}

void Workload::Client::OnRead(uint64_t attempt, const absl::StatusOr<std::optional<Found>>& found) {
  if (attempt != attempt_ || !asking_) return;
  if (!found.ok()) return TryElsewhere(LeaderHint(found.status()));
  operation_.version = 0;
  if (found->has_value()) {
    operation_.value = std::string((*found)->value.view());
    operation_.version = (*found)->version.value;
  }
  Finish(Told::kOk);
}

void Workload::Client::OnSilence(uint64_t attempt) {
  if (attempt != attempt_ || !asking_) return;
  node_ = static_cast<int>(random().Below(static_cast<uint64_t>(cluster().size())));
  Uncertain();
}

void Workload::Client::TryElsewhere(const NodeId& hint) {
  const int hinted = cluster().PlaceOf(hint);
  node_ = hinted >= 0 ? hinted : static_cast<int>(random().Below(static_cast<uint64_t>(cluster().size())));
  const uint64_t attempt = ++attempt_;
  After(random().Between(2ms, 60ms), [this, attempt] {
    if (attempt != attempt_ || !asking_) return;
    if (now() >= give_up_) return Finish(uncertain_ ? Told::kUnknown : Told::kFailed);
    Try();
  });
}

void Workload::Client::Finish(Told outcome) {
  asking_ = false;
  operation_.outcome = outcome;
  operation_.returned = now();
  wishes_.Learn(operation_);
  const bool may_add = operation_.kind == Kind::kAdd || operation_.kind == Kind::kTransaction;
  if (outcome == Told::kUnknown && may_add) ++workload_.unknown_adds_;
  if ((outcome == Told::kOk || outcome == Told::kRefused) && workload_.cluster_.tracing())
    workload_.cluster_.Say(ToString(operation_));
  if (Watcher* watcher = cluster().watcher()) watcher->OnAnswer(operation_);
  workload_.history_.push_back(operation_);
  Think();
}

Workload::Workload(World& world, SimCluster& cluster, const Settings& settings, uint64_t seed)
    : world_(world), cluster_(cluster), settings_(settings) {
  for (int i = 0; i <= settings.clients; ++i) clients_.push_back(std::make_unique<Client>(*this, i, seed));
}
Workload::~Workload() = default;

void Workload::Begin() {
  for (auto& client : clients_) client->Think();
}

History Workload::history() const {
  History history = history_;
  for (const auto& client : clients_) {
    if (client->open() == nullptr) continue;
    history.push_back(*client->open());
    history.back().outcome = Told::kUnknown;
  }
  return history;
}

int Workload::AcknowledgedSince(Time since) const {
  int count = 0;
  for (auto operation = history_.rbegin(); operation != history_.rend(); ++operation) {
    if (operation->returned < since) break;
    if (operation->invoked >= since && operation->kind != Kind::kGet && operation->outcome == Told::kOk) ++count;
  }
  return count;
}

}  // namespace raftly
