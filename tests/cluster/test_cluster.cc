#include "tests/cluster/test_cluster.h"

#include <arpa/inet.h>
#include <httplib.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <nlohmann/json.hpp>
#include <random>

namespace raftly::test {
namespace {

constexpr milliseconds kPollInterval{5};

std::string Local(int port) { return "127.0.0.1:" + std::to_string(port); }

bool IsFree(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool free = bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  close(fd);
  return free;
}

}  // namespace

bool Eventually(const std::function<bool()>& condition, milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  std::mutex mutex;
  std::condition_variable never;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::unique_lock<std::mutex> lock(mutex);
    never.wait_for(lock, kPollInterval);
  }
  return true;
}

std::string Answer::Header(const std::string& lower_case_name) const {
  const auto found = headers.find(lower_case_name);
  return found == headers.end() ? "" : found->second;
}

std::string Answer::Field(const std::string& name) const {
  const auto json = nlohmann::json::parse(body, nullptr, false);
  if (!json.is_object() || !json.contains(name)) return "";
  const auto& field = json[name];
  return field.is_string() ? field.get<std::string>() : field.dump();
}

Answer Ask(int port, const std::string& method, const std::string& path, const std::string& body, milliseconds timeout,
           const std::multimap<std::string, std::string>& headers, const Access& access) {
  const std::string scheme = access.authorities.empty() ? "http://" : "https://";
  httplib::Client client(scheme + access.host + ":" + std::to_string(port), access.certificate, access.key);
  if (!access.authorities.empty()) client.set_ca_cert_path(access.authorities.c_str());
  client.set_tcp_nodelay(true);
  client.set_url_encode(false);
  client.set_connection_timeout(timeout);
  client.set_read_timeout(timeout);
  client.set_write_timeout(timeout);
  httplib::Request request;
  request.method = method;
  request.path = path;
  request.body = body;
  for (const auto& [name, value] : headers) request.set_header(name.c_str(), value);
  if (!access.token.empty()) request.set_header("Authorization", "Bearer " + access.token);
  if (!body.empty()) request.set_header("Content-Type", "application/json");
  const httplib::Result result = client.send(request);
  if (!result) return {};
  Answer answer{result->status, result->body, {}};
  for (const auto& [name, value] : result->headers) {
    std::string lower = name;
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
    answer.headers.emplace(lower, value);
  }
  return answer;
}

std::string PercentEncode(std::string_view key) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : key) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.' || c == '~' || c == '/') {
      encoded += c;
    } else {
      encoded += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return encoded;
}

std::string PutBody(std::string_view value) { return nlohmann::json{{"value", value}}.dump(); }

std::vector<int> FreePorts(size_t count) {
  static std::mt19937 random{std::random_device{}()};
  std::vector<int> ports;
  while (ports.size() < count) {
    const int port = std::uniform_int_distribution<int>(10'000, 32'000)(random);
    if (IsFree(port) && std::find(ports.begin(), ports.end(), port) == ports.end()) ports.push_back(port);
  }
  return ports;
}

std::string ServerBinary() { return RAFTLY_BIN_DIR "/raftly-server"; }
std::string ClientBinary() { return RAFTLY_BIN_DIR "/raftly-client"; }

TestCluster::TestCluster(int nodes, std::vector<std::string> flags)
    : nodes_(nodes), flags_(std::move(flags)), ports_(FreePorts(static_cast<size_t>(2 * nodes + 1))) {}

std::string TestCluster::DataDirectory(int node) const {
  const auto placed = data_.find(node);
  return placed == data_.end() ? directory_.path() + "/" + Name(node) : placed->second;
}

std::vector<std::string> TestCluster::OwnArguments(int node, const std::vector<std::string>& more) const {
  std::vector<std::string> arguments = {
      ServerBinary(),         "-id",       Name(node),         "-grpc-addr", Local(grpc_port(node)), "-http-addr",
      Local(http_port(node)), "-data-dir", DataDirectory(node)};
  arguments.insert(arguments.end(), flags_.begin(), flags_.end());
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

std::vector<std::string> TestCluster::Arguments(int node, const std::vector<std::string>& more) const {
  std::string peers;
  std::string http_peers;
  for (int other = 1; other <= nodes_; ++other) {
    const std::string comma = http_peers.empty() ? "" : ",";
    http_peers += comma + Name(other) + "=" + Local(http_port(other));
    if (other != node) peers += (peers.empty() ? "" : ",") + Name(other) + "=" + Local(grpc_port(other));
  }
  std::vector<std::string> of_cluster = {"-http-peers", http_peers};
  if (!peers.empty()) of_cluster.insert(of_cluster.end(), {"-peers", peers});
  of_cluster.insert(of_cluster.end(), more.begin(), more.end());
  return OwnArguments(node, of_cluster);
}

void TestCluster::Run(int node, const std::vector<std::string>& arguments) {
  processes_[node].reset();
  processes_[node] = std::make_unique<Process>(arguments, directory_.path() + "/" + Name(node));
  unheard_.insert(node);
}

void TestCluster::Start(int node, const std::vector<std::string>& more) { Run(node, Arguments(node, more)); }

void TestCluster::StartAlone(int node) { Run(node, OwnArguments(node, {})); }

void TestCluster::StartToJoin(int node, int through) {
  Run(node, OwnArguments(node, {"-join", "http://" + Local(http_port(through))}));
}

void TestCluster::StartAll() {
  for (int node = 1; node <= nodes_; ++node) Start(node);
}

void TestCluster::Kill(int node) {
  Signal(node, SIGKILL);
  processes_.at(node)->WaitForExit(kPatience);
}

std::optional<int> TestCluster::Terminate(int node, milliseconds limit) {
  Signal(node, SIGTERM);
  return processes_.at(node)->WaitForExit(limit);
}

std::string TestCluster::ErrorOutput(int node) const { return ReadFile(directory_.path() + "/" + Name(node) + ".err"); }

Answer TestCluster::Put(int node, std::string_view key, std::string_view value) const {
  return Ask(node, "PUT", "/keys/" + PercentEncode(key), PutBody(value));
}

Answer TestCluster::Get(int node, std::string_view key) const {
  return Ask(node, "GET", "/keys/" + PercentEncode(key));
}

Answer TestCluster::GetStale(int node, std::string_view key) const {
  return Ask(node, "GET", "/keys/" + PercentEncode(key) + "?consistency=stale");
}

Answer TestCluster::Delete(int node, std::string_view key) const {
  return Ask(node, "DELETE", "/keys/" + PercentEncode(key));
}

Answer TestCluster::Ask(int node, const std::string& method, const std::string& path, const std::string& body) const {
  return test::Ask(http_port(node), method, path, body, milliseconds(20'000), {}, access_);
}

Answer TestCluster::Status(int node) const {
  return test::Ask(http_port(node), "GET", "/status", "", milliseconds(2'000), {}, access_);
}

std::optional<int> TestCluster::Leader() const {
  std::optional<int> leader;
  uint64_t highest = 0;
  for (int node = 1; node <= nodes_; ++node) {
    const Answer status = Status(node);
    if (status.Field("state") != "Leader") continue;
    const uint64_t term = std::strtoull(status.Field("term").c_str(), nullptr, 10);
    if (leader && term <= highest) continue;
    leader = node;
    highest = term;
  }
  return leader;
}

bool TestCluster::WaitForLeader() const {
  return Eventually([&] {
    const std::optional<int> leader = Leader();
    if (!leader) return false;
    for (int node = 1; node <= nodes_; ++node) {
      const Answer status = Status(node);
      if (status.status != 0) unheard_.erase(node);
      // It has begun and does not listen yet. One that went away, or was stopped, is passed over.
      if (unheard_.contains(node) && processes_.at(node)->running()) return false;
      if (status.status != 0 && status.Field("leader_id") != Name(*leader)) return false;
    }
    return true;
  });
}

bool TestCluster::WaitForMembers() const {
  return Eventually([&] {
    const auto leader = Leader();
    if (!leader) return false;
    const Answer members = Ask(*leader, "GET", "/api/cluster/members");
    return members.status == 200 && members.Field("index") != "0" &&
           members.body.find("\"incarnation\":\"\"") == std::string::npos;
  });
}

std::string TestCluster::Place(int node) const {
  return R"({"id":")" + Name(node) + R"(","grpc":")" + Local(grpc_port(node)) + R"(","http":")" +
         Local(http_port(node)) + "\"}";
}

bool TestCluster::Replace(int asked, int node) const {
  return Eventually(
      [&] { return Ask(asked, "POST", "/api/cluster/members/" + Name(node) + "/replace", Place(node)).status == 200; });
}

bool TestCluster::WaitForAgreement() const {
  return Eventually([&] {
    const Answer first = Status(1);
    const std::string applied = first.Field("last_applied");
    if (first.status != 200 || applied.empty()) return false;
    for (int node = 1; node <= nodes_; ++node) {
      const Answer status = Status(node);
      if (status.Field("last_applied") != applied || status.Field("commit_index") != applied) return false;
    }
    return true;
  });
}

}  // namespace raftly::test
