#include "chaos/sim/settings.h"

#include <array>

#include "absl/strings/str_cat.h"

namespace raftly {
namespace {

using namespace std::chrono_literals;

constexpr std::array<std::string_view, kFaultKinds> kFaultNames = {
    "isolate",      "isolate-leader", "partition", "one-way",        "flap",      "bad-links",  "crash",
    "crash-leader", "crash-at-event", "crash-all", "pause",          "slow-disk", "stuck-disk", "write-error",
    "sync-error",   "disk-full",      "bit-rot",   "false-evidence", "hand-over"};

constexpr std::array<int, 10> kSizes = {1, 2, 3, 3, 3, 3, 4, 5, 5, 7};

void ChooseSpeeds(Settings& settings, Random& random) {
  settings.timings.election_timeout = random.Between(100ms, 400ms);
  settings.timings.heartbeat = settings.timings.election_timeout / random.Between(int64_t{3}, int64_t{5});
  settings.links.latency_high = random.Chance(300) ? random.Between(2ms, 15ms) : random.Between(300us, 2ms);
  settings.hand_over.spike_permille = random.Chance(500) ? 0 : 3;
  settings.disks.sync_high = random.Chance(250) ? random.Between(2ms, 20ms) : random.Between(200us, 2ms);
  settings.disks.slow_permille = random.Chance(500) ? 0 : 5;
  settings.disks.lost_permille = static_cast<uint32_t>(random.Between(int64_t{100}, int64_t{900}));
  settings.disks.damaged_permille = random.Chance(500) ? 0 : 200;
  settings.clock_drift_ppm = random.Chance(500) ? 0 : random.Between(int64_t{100}, int64_t{30'000});
}

void ChooseLimits(Settings& settings, Random& random) {
  constexpr std::array<size_t, 4> kEntries = {1, 2, 8, 1024};
  constexpr std::array<size_t, 3> kBytes = {90, 700, size_t{1} << 20};
  settings.limits.entries_per_append = kEntries[random.Below(kEntries.size())];
  settings.limits.bytes_per_append = kBytes[random.Below(kBytes.size())];
  settings.limits.appends_in_flight = static_cast<size_t>(random.Between(int64_t{1}, int64_t{4}));
}

void ChooseClients(Settings& settings, Random& random) {
  settings.clients = static_cast<int>(random.Between(int64_t{1}, int64_t{6}));
  settings.keys = static_cast<int>(random.Between(int64_t{1}, int64_t{4}));
  settings.think = random.Between(20ms, 250ms);
  settings.client_timeout = random.Between(300ms, 2000ms);
  settings.read_permille = static_cast<uint32_t>(random.Between(int64_t{200}, int64_t{700}));
}

void ChooseFaults(Settings& settings, Random& random) {
  for (int kind = 0; kind < static_cast<int>(Fault::kFalseEvidence); ++kind) {
    if (random.Chance(350)) settings.faults.push_back(static_cast<Fault>(kind));
  }
  settings.fault_every = random.Between(200ms, 3000ms);
  settings.fault_lasts = random.Between(100ms, 3000ms);
  if (random.Chance(300))
    settings.links.loss_permille = static_cast<uint32_t>(random.Between(int64_t{1}, int64_t{200}));
  if (random.Chance(300)) settings.links.duplicate_permille = static_cast<uint32_t>(random.Below(100));
  if (random.Chance(300)) settings.links.late_permille = static_cast<uint32_t>(random.Below(50));
  settings.chaos = random.Between(10s, 30s);
  settings.deaf_leader = settings.nodes >= 3 && random.Chance(150);
  // Who campaigns in vain does so less and less often: it takes longer to see that somebody is disturbed.
  if (settings.deaf_leader) settings.quiet = 24s;
}

// Every sync of the whole run takes longer than an election timeout, on all disks.
void ChooseSlowDisks(Settings& settings, Random& random) {
  if (!random.Chance(60)) return;
  settings.disks.sync_low = 50ms;
  settings.disks.sync_high = random.Between(200ms, 1000ms);
  settings.client_timeout = 10s;
  settings.quiet = 60s;
}

// Small, so that all of it happens often.
void ChooseSnapshots(Settings& settings, Random& random) {
  if (!random.Chance(700)) return;
  settings.snapshots.log_bytes = static_cast<uint64_t>(random.Between(int64_t{500}, int64_t{9000}));
  settings.snapshots.keep_bytes = random.Chance(400) ? 0 : random.Below(4500);
  settings.snapshots.slice_bytes = static_cast<size_t>(random.Between(int64_t{8}, int64_t{60}));
  settings.snapshots.piece_bytes = static_cast<uint64_t>(random.Between(int64_t{20}, int64_t{400}));
  settings.snapshots.retry = 500ms;
  settings.segment_bytes = static_cast<uint64_t>(random.Between(int64_t{500}, int64_t{7000}));
}

// Of the log, often so little that most of what anybody needs has to be read from the disk.
void ChooseMemory(Settings& settings, Random& random) {
  constexpr std::array<size_t, 4> kBytes = {0, 1100, 7000, size_t{64} << 20};
  settings.limits.bytes_in_memory = kBytes[random.Below(kBytes.size())];
  settings.limits.entries_per_read = random.Chance(500) ? 16 : 1024;
  settings.limits.bytes_per_read = random.Chance(500) ? 700 : size_t{1} << 20;
}

// Writes whose doubling would be seen. Drawn from a stream of its own: the other seeds are as they were without it.
void ChooseVerbs(Settings& settings, Random random) {
  if (!random.Chance(250)) return;
  settings.append_permille = static_cast<uint32_t>(random.Between(int64_t{200}, int64_t{900}));
  settings.add_permille = static_cast<uint32_t>(random.Below(100));
}

// The same holds for these two.
void ChooseSessions(Settings& settings, Random random) {
  // Where disks are slower than clients are patient, those that ask again would be all that the disks see.
  settings.sessions = random.Chance(250) && settings.disks.sync_low < 50ms;
}

// And for these.
void ChooseBuilders(Settings& settings, Random random) {
  if (!random.Chance(400) || settings.disks.sync_low >= 50ms) return;
  settings.builders = static_cast<int>(random.Between(int64_t{1}, int64_t{settings.clients}));
  settings.condition_permille = static_cast<uint32_t>(random.Between(int64_t{100}, int64_t{500}));
  settings.transaction_permille = static_cast<uint32_t>(random.Between(int64_t{50}, int64_t{400}));
  if (!random.Chance(700)) return;
  settings.clock_every = random.Between(500ms, 5s);
  // So many and so long that nobody still asks for what is forgotten: fewer writes, and less time, than a client has
  // patience for.
  settings.answers.keys = static_cast<uint64_t>(random.Between(int64_t{1000}, int64_t{3000}));
  settings.answers.ttl_ms = static_cast<uint64_t>((settings.client_timeout + random.Between(2s, 5s)) / 1ms);
}

// Where answers are kept they are most of a snapshot.
void WidenSnapshots(Settings& settings) {
  if (!settings.sessions && settings.builders == 0) return;
  settings.snapshots.log_bytes *= 3;
  settings.snapshots.slice_bytes *= 20;
  settings.snapshots.piece_bytes *= 20;
}

void ChooseDiskPatience(Settings& settings, Random random) {
  if (random.Chance(250)) settings.limits.disk_patience = random.Between(500ms, 2s) + 3 * settings.disks.sync_high;
}

void ChooseForwarding(Settings& settings, Random random) { settings.forward = random.Chance(600); }

void ChooseEvidence(Settings& settings, Random random) {
  if (random.Chance(350)) settings.faults.push_back(Fault::kFalseEvidence);
}

void ChooseHandOvers(Settings& settings, Random random) {
  if (random.Chance(400)) settings.faults.push_back(Fault::kHandOver);
}

// In a share of the seeds, which are otherwise as they were.
void ChooseMembers(Settings& settings, Random random, MemberChanging changing) {
  const bool chosen = random.Chance(250);
  if (changing == MemberChanging::kInNoSeed || (changing == MemberChanging::kBySeed && !chosen)) return;
  settings.nodes = static_cast<int>(random.Between(int64_t{1}, int64_t{5}));
  settings.spares = kPool - settings.nodes;
  settings.change_every = random.Between(300ms, 3000ms);
  settings.identities = true;  // members change only where all say that they understand it
  if (settings.deaf_leader || settings.disks.sync_low >= 50ms) return;
  // A change goes through several rounds, and the last one has to end.
  settings.quiet = 16s;
}

}  // namespace

std::string ToString(Fault fault) { return std::string(kFaultNames[static_cast<size_t>(fault)]); }

Settings SettingsOf(uint64_t seed, MemberChanging changing) {
  Random random(Mix64(seed ^ 0x5e771465));
  Settings settings;
  settings.nodes = kSizes[random.Below(kSizes.size())];
  ChooseSpeeds(settings, random);
  ChooseLimits(settings, random);
  ChooseClients(settings, random);
  ChooseFaults(settings, random);
  ChooseSlowDisks(settings, random);
  settings.identities = random.Chance(800);
  ChooseSnapshots(settings, random);
  ChooseMemory(settings, random);
  ChooseVerbs(settings, Random(Mix64(seed ^ 0xadd0a99e)));
  ChooseSessions(settings, Random(Mix64(seed ^ 0x5e5510)));
  ChooseBuilders(settings, Random(Mix64(seed ^ 0xb011de5)));
  WidenSnapshots(settings);
  ChooseDiskPatience(settings, Random(Mix64(seed ^ 0xd15cfa7)));
  ChooseEvidence(settings, Random(Mix64(seed ^ 0xfa15e)));
  ChooseForwarding(settings, Random(Mix64(seed ^ 0xf0a3a2d)));
  ChooseHandOvers(settings, Random(Mix64(seed ^ 0x4a4d0e)));
  ChooseMembers(settings, Random(Mix64(seed ^ 0x3e3be25)), changing);
  return settings;
}

std::string ToString(const Settings& settings) {
  const auto ms = [](Duration duration) { return absl::StrCat(duration / 1us / 1000.0, "ms"); };
  std::string text = absl::StrCat(
      settings.nodes, " nodes, ",
      settings.spares > 0 ? absl::StrCat("of ", settings.nodes + settings.spares, " that may be, a change every ",
                                         ms(settings.change_every), ", ")
                          : std::string(),
      "election timeout ", ms(settings.timings.election_timeout), ", heartbeat ", ms(settings.timings.heartbeat),
      ", latency up to ", ms(settings.links.latency_high), ", sync up to ", ms(settings.disks.sync_high), ", loss ",
      settings.links.loss_permille, ", duplicates ", settings.links.duplicate_permille, " and late ",
      settings.links.late_permille, " of 1000, clock drift ", settings.clock_drift_ppm, " ppm, ",
      settings.identities ? "" : "no identities, ",
      settings.snapshots.log_bytes > 0 ? absl::StrCat("snapshots every ", settings.snapshots.log_bytes, " bytes, ")
                                       : std::string("no snapshots, "),
      settings.limits.bytes_in_memory < (size_t{1} << 20)
          ? absl::StrCat(settings.limits.bytes_in_memory, " bytes of log in memory, ")
          : std::string(),
      settings.clients, " clients on ", settings.keys, " keys, ",
      settings.append_permille > 0
          ? absl::StrCat(settings.append_permille, " appends and ", settings.add_permille, " adds of 1000 writes, ")
          : std::string(),
      settings.forward ? "served by followers, " : "", settings.sessions ? "with sessions, " : "",
      settings.builders > 0
          ? absl::StrCat(settings.builders, " of the clients with ", settings.condition_permille, " conditions and ",
                         settings.transaction_permille, " transactions of 1000 writes, ")
          : std::string(),
      settings.clock_every > Duration(0) ? absl::StrCat("a clock every ", ms(settings.clock_every),
                                                        ", answers kept for ", settings.answers.ttl_ms, "ms, ")
                                         : std::string(),
      "disk patience ", ms(settings.limits.disk_patience), ", ", "chaos for ", ms(settings.chaos), ", a fault every ",
      ms(settings.fault_every), settings.deaf_leader ? ", then a deaf leader:" : ":");
  for (const Fault fault : settings.faults) absl::StrAppend(&text, " ", ToString(fault));
  return text;
}

}  // namespace raftly
