// Every series moves, and by what it says.
#include "server/metrics/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <future>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "raft/node/errors.h"
#include "server/metrics/text_format.h"
#include "tests/core/driver.h"
#include "tests/node/node_cluster.h"

namespace raftly {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAreArray;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

using Lines = std::vector<std::string>;

Lines LinesOf(const Metrics& metrics) { return absl::StrSplit(metrics.Render(), '\n', absl::SkipEmpty()); }

// The number after a series' name and labels; -1 where there is no such line.
double ValueOf(const Lines& lines, const std::string& series) {
  for (const std::string& line : lines) {
    if (line.rfind(series + " ", 0) == 0) return std::stod(line.substr(series.size() + 1));
  }
  return -1;
}

class MetricsTest : public ::testing::Test {
 protected:
  MetricsTest() { Follow({.voters = {"a", "b", "c"}}); }
  void Follow(const Configuration& configuration) {
    metrics_.node().OnMembers(Among(configuration, {}));
    metrics_.snapshots().OnMembers(Among(configuration, {}));
  }
  NodeMetrics& node() { return metrics_.node(); }
  HttpMetrics& http() { return metrics_.http(); }
  Lines lines() const { return LinesOf(metrics_); }
  double value(const std::string& series) const { return ValueOf(lines(), series); }

  // What a node does after each batch of inputs.
  void Observe(DrivenNode& driven) {
    for (const NodeEvent& event : driven.events) node().OnEvent(driven.now(), event);
    driven.events.clear();
    node().OnStep(driven.now(), driven.core());
  }

  WalStats wal_;
  size_t streams_ = 0;
  Metrics metrics_{{.version = "1.2.3",
                    .self = "a",
                    .data_dir = fs::temp_directory_path().string(),
                    .wal = [this] { return wal_; },
                    .event_streams = [this] { return streams_; },
                    .watchers = [] { return 2; },
                    .log_lines_dropped = [] { return 7; }}};
};

TEST_F(MetricsTest, EverySeriesIsThereFromTheStart) {
  EXPECT_THAT(lines(), IsSupersetOf<std::string>({"raftly_current_term 0",
                                                  "raftly_state 0",
                                                  "raftly_committed_index 0",
                                                  "raftly_applied_index 0",
                                                  "raftly_log_entries_total 0",
                                                  "raftly_elections_total 0",
                                                  "raftly_leader_changes_total 0",
                                                  "raftly_replication_lag_count{peer=\"b\"} 0",
                                                  "raftly_replication_lag_count{peer=\"c\"} 0",
                                                  "raftly_wal_fsync_duration_ms_count 0",
                                                  "raftly_proposals_total{outcome=\"committed\"} 0",
                                                  "raftly_proposals_total{outcome=\"disk_full\"} 0",
                                                  "raftly_proposals_total{outcome=\"failed\"} 0",
                                                  "raftly_proposals_total{outcome=\"not_leader\"} 0",
                                                  "raftly_proposals_total{outcome=\"overwritten\"} 0",
                                                  "raftly_proposals_total{outcome=\"queue_full\"} 0",
                                                  "raftly_proposals_total{outcome=\"stopping\"} 0",
                                                  "raftly_proposals_total{outcome=\"timed_out\"} 0",
                                                  "raftly_proposal_duration_seconds_count 0",
                                                  "raftly_apply_duration_seconds_count 0",
                                                  "raftly_append_batch_entries_count 0",
                                                  "raftly_append_in_flight{peer=\"b\"} 0",
                                                  "raftly_append_in_flight{peer=\"c\"} 0",
                                                  "raftly_rpc_failures_total{kind=\"cancelled\",peer=\"b\"} 0",
                                                  "raftly_rpc_failures_total{kind=\"other\",peer=\"b\"} 0",
                                                  "raftly_rpc_failures_total{kind=\"timed_out\",peer=\"c\"} 0",
                                                  "raftly_rpc_failures_total{kind=\"unreachable\",peer=\"c\"} 0",
                                                  "raftly_wal_bytes 0",
                                                  "raftly_wal_preallocated_bytes 0",
                                                  "raftly_recovery_duration_seconds 0",
                                                  "raftly_event_streams 0",
                                                  "raftly_log_lines_dropped_total 7",
                                                  "raftly_http_request_duration_seconds_count{route=\"unknown\"} 0",
                                                  "raftly_build_info{version=\"1.2.3\"} 1"}));
}

TEST_F(MetricsTest, TheTextSaysWhatASeriesIs) {
  EXPECT_THAT(metrics_.Render(), HasSubstr("# HELP raftly_current_term Current term\n"
                                           "# TYPE raftly_current_term gauge\n"
                                           "raftly_current_term 0\n"));
  EXPECT_EQ(Metrics::kContentType, "text/plain; version=0.0.4; charset=utf-8");
}

TEST(TextFormat, EscapesWhatWouldEndALine) {
  prometheus::MetricFamily family = GaugeNow("g", "a \\ and a\nline's \"end\"", 1);
  family.metric[0].label = {{"x", "a \\ and a\nline's \"end\""}};
  EXPECT_EQ(ToText({family}),
            "# HELP g a \\\\ and a\\nline's \"end\"\n"
            "# TYPE g gauge\n"
            "g{x=\"a \\\\ and a\\nline's \\\"end\\\"\"} 1\n");
}

TEST(TextFormat, NumbersReadBackAsTheyWere) {
  const std::vector<std::pair<double, std::string>> numbers = {{0, "0"},
                                                               {1e6, "1000000"},
                                                               {-3, "-3"},
                                                               {0.1, "0.1"},
                                                               {9007199254740992.0, "9007199254740992"},
                                                               {1e-5, "1e-05"},
                                                               {1e300, "1e+300"},
                                                               {0.1 + 0.2, "0.30000000000000004"},
                                                               {INFINITY, "+Inf"},
                                                               {-INFINITY, "-Inf"},
                                                               {NAN, "NaN"}};
  for (const auto& [number, text] : numbers) {
    EXPECT_THAT(ToText({GaugeNow("g", "", number)}), EndsWith("\ng " + text + "\n"));
  }
}

TEST(TextFormat, SaysWhatTheLibrarySays) {
  prometheus::Registry registry;
  AddCounter(registry, "c_total", "Count").Increment(3);
  AddGauge(registry, "g", "Level").Set(-0.25);
  AddHistogram(registry, "h", "Spread", {0.1, 1, 10}).Observe(0.5);
  prometheus::BuildHistogram().Name("p").Help("By peer").Register(registry).Add({{"peer", "b"}},
                                                                                std::vector<double>{1});
  const Lines ours = absl::StrSplit(ToText(registry.Collect()), '\n');
  const Lines theirs = absl::StrSplit(prometheus::TextSerializer().Serialize(registry.Collect()), '\n');
  EXPECT_THAT(ours, UnorderedElementsAreArray(theirs));
}

// ---- The node ------------------------------------------------------------------------------------------------------

TEST_F(MetricsTest, AnElectionShowsInTermAndState) {
  DrivenNode a = Follower({.term = 4});
  Observe(a);
  EXPECT_THAT(lines(), IsSupersetOf<std::string>({"raftly_current_term 4", "raftly_state 0"}));
  a.TimeOut();
  Observe(a);
  EXPECT_EQ(a.core().role(), Role::kPreCandidate);
  EXPECT_THAT(lines(), IsSupersetOf<std::string>({"raftly_state 1", "raftly_elections_total 0"}));
  a.BecomeLeader();
  Observe(a);
  EXPECT_THAT(lines(), IsSupersetOf<std::string>({"raftly_current_term 5", "raftly_state 2", "raftly_elections_total 1",
                                                  "raftly_leader_changes_total 1"}));
}

TEST_F(MetricsTest, ACandidateIsNoFollower) {
  DrivenNode a = Follower({.term = 4, .defences = Without(&Defences::pre_vote)});
  a.TimeOut();
  Observe(a);
  EXPECT_EQ(a.core().role(), Role::kCandidate);
  EXPECT_EQ(value("raftly_state"), 1);
}

TEST_F(MetricsTest, ALeaderIsCountedOncePerTerm) {
  node().OnEvent({}, LeaderChanged{"b", Term{3}});
  node().OnEvent({}, LeaderChanged{"", Term{3}});
  node().OnEvent({}, LeaderChanged{"b", Term{3}});
  EXPECT_EQ(value("raftly_leader_changes_total"), 1) << "lost and found again";
  node().OnEvent({}, LeaderChanged{"", Term{4}});
  node().OnEvent({}, LeaderChanged{"c", Term{4}});
  EXPECT_EQ(value("raftly_leader_changes_total"), 2);
}

TEST_F(MetricsTest, WhatIsCommittedIsNotYetApplied) {
  DrivenNode a = Leader();
  a.FinishWrites();
  a.AnswerFrom("b", Accept(a.core().term().value));
  Observe(a);
  ASSERT_EQ(a.committed.size(), 1u);
  EXPECT_THAT(lines(), IsSupersetOf<std::string>({"raftly_committed_index 1", "raftly_applied_index 0"}));
  node().OnApplied(a.committed.front());
  EXPECT_THAT(lines(), IsSupersetOf<std::string>({"raftly_applied_index 1", "raftly_log_entries_total 1"}));
}

TEST_F(MetricsTest, ALeaderObservesOnceASecondHowFarPeersAreBehind) {
  DrivenNode a = Leader({.log = "1:1 1:2 1:3"});
  Observe(a);
  EXPECT_EQ(value("raftly_replication_lag_count{peer=\"b\"}"), 0) << "nobody has had time to answer";
  a.FinishWrites();
  a.AnswerFrom("b", Accept(a.core().term().value));
  for (const Duration after : {999ms, 1000ms, 1500ms, 1999ms, 2000ms}) node().OnStep(a.now() + after, a.core());
  EXPECT_THAT(lines(), IsSupersetOf<std::string>({
                           "raftly_replication_lag_count{peer=\"b\"} 2",
                           "raftly_replication_lag_sum{peer=\"b\"} 0",
                           "raftly_replication_lag_bucket{peer=\"b\",le=\"1\"} 2",  //
                           "raftly_replication_lag_count{peer=\"c\"} 2",
                           "raftly_replication_lag_sum{peer=\"c\"} 8",
                           "raftly_replication_lag_bucket{peer=\"c\",le=\"2\"} 0",
                           "raftly_replication_lag_bucket{peer=\"c\",le=\"4\"} 2",
                           "raftly_replication_lag_bucket{peer=\"c\",le=\"512\"} 2",
                           "raftly_replication_lag_bucket{peer=\"c\",le=\"+Inf\"} 2",
                       }));
}

TEST_F(MetricsTest, APauseIsNotMadeUpFor) {
  DrivenNode a = Leader();
  Observe(a);
  for (const Duration after : {10'000ms, 10'050ms, 10'100ms, 10'999ms}) node().OnStep(a.now() + after, a.core());
  EXPECT_EQ(value("raftly_replication_lag_count{peer=\"b\"}"), 1);
}

TEST_F(MetricsTest, AFollowerObservesNoLag) {
  DrivenNode a = Follower();
  for (const Duration after : {0ms, 1000ms, 2000ms}) node().OnStep(a.now() + after, a.core());
  EXPECT_EQ(value("raftly_replication_lag_count{peer=\"b\"}"), 0);
}

TEST_F(MetricsTest, AppendsInFlightAreALeaders) {
  DrivenNode a = Leader();
  Observe(a);
  EXPECT_EQ(value("raftly_append_in_flight{peer=\"b\"}"), 1) << "its no-op";
  a.AnswerFrom("b", Accept(a.core().term().value));
  Observe(a);
  EXPECT_THAT(lines(), IsSupersetOf<std::string>(
                           {"raftly_append_in_flight{peer=\"b\"} 0", "raftly_append_in_flight{peer=\"c\"} 1"}));
  a.Hear(Append({.term = 9, .leader = "b"}));
  Observe(a);
  EXPECT_THAT(lines(), IsSupersetOf<std::string>({"raftly_state 0", "raftly_append_in_flight{peer=\"c\"} 0"}));
}

TEST_F(MetricsTest, ASyncIsCountedInMilliseconds) {
  node().OnSynced(3, 250us);
  node().OnSynced(0, 100us);  // a vote
  EXPECT_THAT(
      lines(),
      IsSupersetOf<std::string>(
          {"raftly_wal_fsync_duration_ms_count 2", "raftly_wal_fsync_duration_ms_sum 0.35",
           "raftly_wal_fsync_duration_ms_bucket{le=\"0.1\"} 1", "raftly_wal_fsync_duration_ms_bucket{le=\"0.2\"} 1",
           "raftly_wal_fsync_duration_ms_bucket{le=\"0.4\"} 2", "raftly_wal_fsync_duration_ms_bucket{le=\"204.8\"} 2",
           "raftly_append_batch_entries_count 1", "raftly_append_batch_entries_sum 3",
           "raftly_append_batch_entries_bucket{le=\"4\"} 1"}));
}

TEST_F(MetricsTest, TheBucketsOfSpec) {
  std::vector<std::string> lag;
  std::vector<std::string> sync;
  for (const std::string& line : lines()) {
    const std::string bound = line.substr(line.find("le=") + 4, line.rfind('"') - line.find("le=") - 4);
    if (line.rfind("raftly_replication_lag_bucket{peer=\"b\"", 0) == 0) lag.push_back(bound);
    if (line.rfind("raftly_wal_fsync_duration_ms_bucket", 0) == 0) sync.push_back(bound);
  }
  EXPECT_THAT(lag, ElementsAre("1", "2", "4", "8", "16", "32", "64", "128", "256", "512", "+Inf"));
  EXPECT_THAT(sync, ElementsAre("0.1", "0.2", "0.4", "0.8", "1.6", "3.2", "6.4", "12.8", "25.6", "51.2", "102.4",
                                "204.8", "+Inf"));
}

TEST_F(MetricsTest, AProposalIsCountedByWhatBecameOfIt) {
  const std::vector<std::pair<std::string, absl::Status>> outcomes = {
      {"committed", absl::OkStatus()},  {"overwritten", OverwrittenError({Term{1}, Index{1}}, Term{2})},
      {"timed_out", TimedOutError()},   {"not_leader", NotLeaderError("b")},
      {"queue_full", QueueFullError()}, {"disk_full", DiskFullError()},
      {"stopping", StoppingError()},    {"failed", absl::InternalError("?")},
  };
  for (const auto& [outcome, status] : outcomes) {
    node().OnProposalSettled(status, 3ms);
    EXPECT_EQ(value(absl::StrCat("raftly_proposals_total{outcome=\"", outcome, "\"}")), 1) << outcome;
  }
  EXPECT_THAT(lines(), IsSupersetOf<std::string>({"raftly_proposal_duration_seconds_count 1",
                                                  "raftly_proposal_duration_seconds_sum 0.003",
                                                  "raftly_proposal_duration_seconds_bucket{le=\"0.0016\"} 0",
                                                  "raftly_proposal_duration_seconds_bucket{le=\"0.0032\"} 1"}));
}

TEST_F(MetricsTest, OnceTheDiskHasFailedNothingIsMerelyStopping) {
  node().OnFatal(absl::DataLossError("sync failed"));
  node().OnProposalSettled(absl::UnavailableError("sync failed"), 1ms);
  EXPECT_EQ(value("raftly_proposals_total{outcome=\"failed\"}"), 1);
}

TEST_F(MetricsTest, ABatchOfEntriesIsTimedAsOne) {
  node().OnBatchApplied(7, 20us);
  EXPECT_THAT(lines(), IsSupersetOf<std::string>({"raftly_apply_duration_seconds_count 1",
                                                  "raftly_apply_duration_seconds_bucket{le=\"1e-05\"} 0",
                                                  "raftly_apply_duration_seconds_bucket{le=\"2e-05\"} 1"}));
}

TEST_F(MetricsTest, AFailedCallIsCountedByPeerAndKind) {
  node().OnCallFailed("b", absl::UnavailableError("refused"));
  node().OnCallFailed("b", absl::DeadlineExceededError("silence"));
  node().OnCallFailed("c", absl::CancelledError("the transport stopped"));
  node().OnCallFailed("c", absl::InvalidArgumentError("nonsense"));
  node().OnCallFailed("c", PeerRefusedError("c refuses a"));
  node().OnEvent({}, PeerRefuses{"c"});
  node().OnCallFailed("stranger", absl::UnavailableError("refused"));
  EXPECT_THAT(lines(), IsSupersetOf<std::string>({"raftly_rpc_failures_total{kind=\"unreachable\",peer=\"b\"} 1",
                                                  "raftly_rpc_failures_total{kind=\"timed_out\",peer=\"b\"} 1",
                                                  "raftly_rpc_failures_total{kind=\"cancelled\",peer=\"c\"} 1",
                                                  "raftly_rpc_failures_total{kind=\"other\",peer=\"c\"} 1",
                                                  "raftly_rpc_failures_total{kind=\"refused\",peer=\"c\"} 2",
                                                  "raftly_rpc_failures_total{kind=\"unreachable\",peer=\"c\"} 0"}));
}

TEST_F(MetricsTest, ARefusedMessageIsCountedByItsReason) {
  for (const auto why : {Objection::kStranger, Objection::kCommittedWouldChange, Objection::kCommittedWouldChange}) {
    node().OnEvent({}, MessageRefused{"b", why, Term{7}});
  }
  EXPECT_THAT(lines(), IsSupersetOf<std::string>({"raftly_messages_refused_total{reason=\"stranger\"} 1",
                                                  "raftly_messages_refused_total{reason=\"committed_would_change\"} 2",
                                                  "raftly_messages_refused_total{reason=\"second_leader\"} 0"}));
}

TEST_F(MetricsTest, ARecoveredNodeKnowsItsTerm) {
  Wal::Opened opened;
  opened.hard_state.term = Term{7};
  node().OnRecovered(opened, 1500ms);
  EXPECT_THAT(lines(), IsSupersetOf<std::string>({"raftly_recovery_duration_seconds 1.5", "raftly_current_term 7"}));
}

// A real one, on threads and files.
TEST(NodeMetricsOnARealNode, MoveWithEachProposal) {
  std::string directory = (fs::temp_directory_path() / "raftly-metrics-XXXXXX").string();
  ASSERT_NE(mkdtemp(directory.data()), nullptr);
  testing::Server* running = nullptr;
  Metrics metrics({.data_dir = directory, .wal = [&] { return running->node.wal_stats(); }});
  const auto files = NewPosixFileSystem();
  InMemNetwork network;
  NodeConfig config{.core = {.self = "a"}, .data_dir = directory};
  testing::Server server(network, *files, config, 1, &metrics.node());
  running = &server;
  ASSERT_TRUE(server.node.Start().ok());
  // Its own entry is applied, so that the next one is another batch.
  ASSERT_TRUE(testing::Eventually([&] { return server.node.status().last_applied == Index{1}; }));

  std::promise<absl::Status> told;
  server.node.Propose("x", kNever, [&](const absl::StatusOr<Applied>& applied) { told.set_value(applied.status()); });
  ASSERT_TRUE(told.get_future().get().ok());
  EXPECT_TRUE(
      testing::Eventually([&] { return ValueOf(LinesOf(metrics), "raftly_apply_duration_seconds_count") >= 2; }));
  const Lines lines = LinesOf(metrics);
  EXPECT_THAT(lines,
              IsSupersetOf<std::string>(
                  {"raftly_current_term 1", "raftly_state 2", "raftly_committed_index 2", "raftly_applied_index 2",
                   "raftly_log_entries_total 2", "raftly_elections_total 1", "raftly_leader_changes_total 1",
                   "raftly_append_batch_entries_sum 2", "raftly_proposals_total{outcome=\"committed\"} 1",
                   "raftly_proposal_duration_seconds_count 1"}));
  EXPECT_GE(ValueOf(lines, "raftly_wal_fsync_duration_ms_count"), 2);
  EXPECT_GT(ValueOf(lines, "raftly_wal_bytes"), 0);
  EXPECT_GT(ValueOf(lines, "raftly_wal_preallocated_bytes"), 0);
  EXPECT_GT(ValueOf(lines, "raftly_recovery_duration_seconds"), 0);
  server.node.Stop();
  fs::remove_all(directory);
}

// ---- What is read when it is asked for -----------------------------------------------------------------------------

TEST_F(MetricsTest, TheLogsSizeIsReadWhenAsked) {
  wal_ = {.end = 1000, .reserved = 4096};
  streams_ = 3;
  EXPECT_THAT(lines(), IsSupersetOf<std::string>({"raftly_wal_bytes 1000", "raftly_wal_preallocated_bytes 3096",
                                                  "raftly_event_streams 3", "raftly_watchers 2"}));
  wal_ = {.end = 4097, .reserved = 4096};  // read while it grows
  EXPECT_EQ(value("raftly_wal_preallocated_bytes"), 0);
}

TEST_F(MetricsTest, TheDataDirectorysFilesystemIsMeasured) {
  EXPECT_GT(value("raftly_disk_size_bytes"), 0);
  EXPECT_LE(value("raftly_disk_free_bytes"), value("raftly_disk_size_bytes"));
}

TEST(MetricsOf, ADirectoryThatIsNotThereAreLeftOut) {
  const Metrics metrics({.data_dir = "/nowhere/at/all"});
  EXPECT_THAT(LinesOf(metrics), Not(Contains(StartsWith("raftly_disk"))));
}

// A /proc with one process.
class ProcTest : public ::testing::Test {
 protected:
  ProcTest() {
    root_ = fs::temp_directory_path() / "raftly-proc-XXXXXX";
    std::string path = root_.string();
    EXPECT_NE(mkdtemp(path.data()), nullptr);
    root_ = path;
    fs::create_directories(root_ / "self/fd");
  }
  ~ProcTest() override { fs::remove_all(root_); }

  void Write(const std::string& name, const std::string& text) const { std::ofstream(root_ / name) << text; }
  Lines lines() const {
    Lines lines;
    for (const auto& family : ProcessMetrics(root_.string()).Collect()) {
      const auto& metric = family.metric.at(0);
      const bool counts = family.type == prometheus::MetricType::Counter;
      lines.push_back(absl::StrCat(family.name, " ", counts ? metric.counter.value : metric.gauge.value));
    }
    return lines;
  }

  fs::path root_;
};

TEST_F(ProcTest, ReadsWhatTheKernelWrites) {
  const auto ticks = static_cast<uint64_t>(sysconf(_SC_CLK_TCK));
  Write("stat", "cpu  1 2 3\nbtime 1700000000\nprocesses 5\n");
  Write("self/stat", absl::StrCat("42 (raftly) ser) S 1 42 42 0 -1 4194560 9 9 9 9 ", 3 * ticks, " ", ticks,
                                  " 0 0 20 0 17 0 ", 50 * ticks, " 123456 7 18446744073709551615 1 1\n"));
  for (const char* fd : {"0", "1", "2", "17"}) Write(absl::StrCat("self/fd/", fd), "");
  EXPECT_THAT(lines(), IsSupersetOf<std::string>(
                           {"process_cpu_seconds_total 4", "process_threads 17", "process_virtual_memory_bytes 123456",
                            absl::StrCat("process_resident_memory_bytes ", 7 * sysconf(_SC_PAGESIZE)),
                            absl::StrCat("process_start_time_seconds ", 1700000050.0), "process_open_fds 4"}));
}

TEST_F(ProcTest, WhatIsMissingOrNonsenseIsLeftOut) {
  fs::remove_all(root_ / "self/fd");
  for (const char* text : {"", "42", "42 (raftly", "42 (raftly) S 1 2", "\xff\xfe)"}) {
    Write("self/stat", text);
    EXPECT_THAT(lines(), Each(StartsWith("process_max_fds"))) << text;
  }
}

TEST_F(MetricsTest, OwnProcess) {
  for (const char* name : {"process_cpu_seconds_total", "process_threads", "process_virtual_memory_bytes",
                           "process_resident_memory_bytes", "process_open_fds", "process_start_time_seconds"}) {
    EXPECT_GE(value(name), 0) << name;
  }
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(value("process_max_fds"), static_cast<double>(limit.rlim_cur));
}

// ---- HTTP ----------------------------------------------------------------------------------------------------------

TEST_F(MetricsTest, ARequestIsCountedAndTimed) {
  http().AddRoutes({"/keys/", "/status"});
  EXPECT_EQ(value("raftly_http_request_duration_seconds_count{route=\"/keys/\"}"), 0);
  http().OnServed("/keys/", "PUT", 200, 2ms);
  http().OnServed("/keys/", "PUT", 200, 30ms);
  http().OnServed("/keys/", "GET", 404, 1ms);
  EXPECT_THAT(lines(), IsSupersetOf<std::string>(
                           {"raftly_http_requests_total{code=\"200\",method=\"PUT\",route=\"/keys/\"} 2",
                            "raftly_http_requests_total{code=\"404\",method=\"GET\",route=\"/keys/\"} 1",
                            "raftly_http_request_duration_seconds_count{route=\"/keys/\"} 3",
                            "raftly_http_request_duration_seconds_sum{route=\"/keys/\"} 0.033",
                            "raftly_http_request_duration_seconds_bucket{route=\"/keys/\",le=\"0.0025\"} 2",
                            "raftly_http_request_duration_seconds_count{route=\"/status\"} 0"}));
}

TEST_F(MetricsTest, WhatClientsMakeUpBecomesOneSeries) {
  http().AddRoutes({"/status"});
  for (int i = 0; i < 100; ++i) {
    http().OnServed(absl::StrCat("/made-up/", i), absl::StrCat("METHOD", i), 1000 + i, 1ms);
  }
  EXPECT_EQ(value("raftly_http_requests_total{code=\"other\",method=\"other\",route=\"unknown\"}"), 100);
  Lines series;
  for (const std::string& line : lines()) {
    if (line.rfind("raftly_http_requests_total", 0) == 0) series.push_back(line);
  }
  EXPECT_EQ(series.size(), 1u);
}

TEST_F(MetricsTest, WhatWasRefusedUnreadTookNoTime) {
  http().OnServed("", "", 431, 0ms);
  EXPECT_THAT(lines(), IsSupersetOf<std::string>(
                           {"raftly_http_requests_total{code=\"431\",method=\"other\",route=\"unknown\"} 1",
                            "raftly_http_request_duration_seconds_count{route=\"unknown\"} 0"}));
}

}  // namespace
}  // namespace raftly
