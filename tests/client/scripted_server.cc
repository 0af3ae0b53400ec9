#include "tests/client/scripted_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <sstream>

namespace raftly::client {
namespace {

// A listening socket of a free port.
int Listen(int& port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  socklen_t size = sizeof address;
  EXPECT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  EXPECT_EQ(listen(listener, 128), 0);
  port = ntohs(address.sin_port);
  return listener;
}

// False: the client has gone.
bool Receive(int connection, std::string& text) {
  char buffer[65536];
  const ssize_t got = recv(connection, buffer, sizeof buffer, 0);
  if (got > 0) text.append(buffer, static_cast<size_t>(got));
  return got > 0;
}

bool ReadRequest(int connection, Asked& asked) {
  std::string text;
  size_t end;
  while ((end = text.find("\r\n\r\n")) == std::string::npos) {
    if (!Receive(connection, text)) return false;
  }
  std::istringstream head(text.substr(0, end));
  std::getline(head, asked.line);
  asked.line.pop_back();
  for (std::string line; std::getline(head, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    std::string name = line.substr(0, line.find(':'));
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    asked.headers[name] = line.substr(name.size() + 2);
  }
  const std::string length = asked.Header("content-length");
  const size_t whole = end + 4 + (length.empty() ? 0 : std::stoul(length));
  while (text.size() < whole) {
    if (!Receive(connection, text)) return false;
  }
  asked.body = text.substr(end + 4);
  return true;
}

}  // namespace

std::string Says(int status, const std::string& body, const std::string& headers) {
  return "HTTP/1.1 " + std::to_string(status) +
         " Words\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers + "\r\n" +
         body;
}

std::string Streams(const std::string& events) {
  return "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/event-stream\r\n\r\n" + events;
}

ScriptedServer::ScriptedServer(std::vector<std::string> answers) : answers_(std::move(answers)) {
  listener_ = Listen(port_);
  thread_ = std::thread([this] { Serve(); });
}

ScriptedServer::~ScriptedServer() {
  shutdown(listener_, SHUT_RDWR);
  thread_.join();
  close(listener_);
}

std::vector<Asked> ScriptedServer::requests() const {
  MutexLock lock(mutex_);
  return requests_;
}

void ScriptedServer::Serve() {
  while (true) {
    const int connection = accept(listener_, nullptr, nullptr);
    if (connection < 0) return;
    Answer(connection);
    close(connection);
  }
}

void ScriptedServer::Answer(int connection) {
  Asked asked;
  if (!ReadRequest(connection, asked)) return;
  std::string answer;
  {
    MutexLock lock(mutex_);
    answer = answers_[std::min(requests_.size(), answers_.size() - 1)];
    requests_.push_back(std::move(asked));
  }
  if (answer == kReset) {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    setsockopt(connection, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    return;
  }
  std::string rest;
  if (answer != kHang) send(connection, answer.data(), answer.size(), MSG_NOSIGNAL);
  if (answer != kHang) shutdown(connection, SHUT_WR);
  while (Receive(connection, rest)) {
  }
}

std::string NobodysAddress() {
  int port = 0;
  close(Listen(port));
  return "127.0.0.1:" + std::to_string(port);
}

}  // namespace raftly::client
