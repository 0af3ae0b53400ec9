// Real raftly-server processes on one machine, driven as an operator would: flags, signals, files and HTTP.
//
//   TestCluster cluster(3);
//   cluster.StartAll();
//   ASSERT_TRUE(cluster.WaitForLeader());
//   EXPECT_EQ(cluster.Put(2, "hello", "world").status, 200);
//   cluster.Kill(*cluster.Leader());
//
// Nodes are counted from 1, as their names are: node 1 is "node1".
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/process.h"

namespace raftly::test {

using std::chrono::milliseconds;

// Long enough for a loaded machine under a sanitizer; nothing waits that long when all is well.
inline constexpr milliseconds kPatience{30'000};

// Until `condition` holds, at most `limit`. For conditions in other processes, which cannot wake us.
bool Eventually(const std::function<bool()>& condition, milliseconds limit = kPatience);

// One HTTP answer. status 0: none came.
struct Answer {
  int status = 0;
  std::string body;
  std::multimap<std::string, std::string> headers;  // names in lower case

  std::string Header(const std::string& lower_case_name) const;
  std::string Field(const std::string& name) const;  // of the JSON body: a string as it is, anything else as JSON
};

// How a server is spoken to.
struct Access {
  std::string authorities;  // a file; given, it is https, and the server must be called `host` by its certificate
  std::string token;
  std::string certificate;  // and its key: files, to show
  std::string key;
  std::string host = "127.0.0.1";
};

// One request on a connection of its own. The path is sent as it is, so it comes percent-encoded.
Answer Ask(int port, const std::string& method, const std::string& path, const std::string& body = "",
           milliseconds timeout = milliseconds(20'000), const std::multimap<std::string, std::string>& headers = {},
           const Access& access = {});

std::string PercentEncode(std::string_view key);
std::string PutBody(std::string_view value);

// `count` TCP ports of 127.0.0.1 on which nobody listens, outside the range of outgoing connections.
std::vector<int> FreePorts(size_t count);

std::string ServerBinary();
std::string ClientBinary();

class TestCluster {
 public:
  // The flags go to every node, after the usual ones.
  explicit TestCluster(int nodes, std::vector<std::string> flags = {"-election-timeout", "400", "-heartbeat", "80"});

  // For the requests of this class.
  void SpeakAs(Access access) { access_ = std::move(access); }
  const Access& access() const { return access_; }

  int nodes() const { return nodes_; }
  int http_port(int node) const { return ports_[static_cast<size_t>(node)]; }
  int grpc_port(int node) const { return ports_[static_cast<size_t>(nodes_ + node)]; }
  std::string Name(int node) const { return "node" + std::to_string(node); }
  std::string DataDirectory(int node) const;
  std::string Wal(int node) const { return DataDirectory(node) + "/raft.wal"; }
  // Where the data directory is to be instead; before Start.
  void PlaceData(int node, const std::string& directory) { data_[node] = directory; }

  // The arguments that Start uses, the binary first.
  std::vector<std::string> Arguments(int node, const std::vector<std::string>& more = {}) const;

  // All from the test's main thread, because a child dies with the thread that started it.
  void Start(int node, const std::vector<std::string>& more = {});
  void StartAll();
  // Without the others: it begins a cluster of its own, or goes on in the one that its directory knows.
  void StartAlone(int node);
  // With -join: `through` is a node of the cluster that is to take it in.
  void StartToJoin(int node, int through);
  void Kill(int node);  // SIGKILL, and waits
  std::optional<int> Terminate(int node, milliseconds limit = kPatience);
  void Signal(int node, int signal) { processes_.at(node)->Signal(signal); }
  Process& process(int node) { return *processes_.at(node); }
  std::string ErrorOutput(int node) const;  // of all its lives

  // From any thread.
  Answer Put(int node, std::string_view key, std::string_view value) const;
  Answer Get(int node, std::string_view key) const;
  Answer GetStale(int node, std::string_view key) const;
  Answer Delete(int node, std::string_view key) const;
  Answer Status(int node) const;
  Answer Ask(int node, const std::string& method, const std::string& path, const std::string& body = "") const;

  // The one that calls itself leader with the highest term.
  std::optional<int> Leader() const;
  // Until a leader is known to every node that runs, one that was only just started included.
  bool WaitForLeader() const;
  // Until its log knows the members by their directories.
  bool WaitForMembers() const;
  // Who and where it is, as the members' API wants it.
  std::string Place(int node) const;
  // `node`, whose directory or address is another one than it was, is to be taken in again. Until that is accepted.
  bool Replace(int asked, int node) const;
  // Until all nodes have applied the same, everything that is committed included.
  bool WaitForAgreement() const;

 private:
  // Its own, and what every node gets.
  std::vector<std::string> OwnArguments(int node, const std::vector<std::string>& more) const;
  void Run(int node, const std::vector<std::string>& arguments);

  int nodes_;
  std::vector<std::string> flags_;
  TemporaryDirectory directory_;
  std::vector<int> ports_;  // [node] HTTP, [nodes + node] gRPC; [0] is nobody's
  Access access_;
  std::map<int, std::string> data_;
  std::map<int, std::unique_ptr<Process>> processes_;
  mutable std::set<int> unheard_;  // since they were started
};

}  // namespace raftly::test
