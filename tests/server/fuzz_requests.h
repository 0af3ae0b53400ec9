// Requests that are almost right: valid ones, of every kind that the server knows, broken in a few places.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace raftly {

struct FuzzRequest {
  std::string method;
  std::string target;
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> headers = {};

  // As it is sent, with the right Content-Length.
  std::string Bytes() const;
};

// The first 400 bytes, with everything but printable characters escaped.
std::string Printable(const std::string& bytes);

// One change: bytes lost, doubled, overwritten or inserted.
void BreakBytes(std::string& bytes, std::mt19937_64& random);

class FuzzRequests {
 public:
  // Equal seeds make equal requests.
  explicit FuzzRequests(uint64_t seed) : random_(seed) {}

  FuzzRequest Next();
  // All are answered with 200 by a node of three, node1, that leads.
  static const std::vector<FuzzRequest>& Valid();

 private:
  size_t Below(size_t end) { return random_() % end; }
  bool OneIn(size_t n) { return Below(n) == 0; }
  template <class T>
  const T& Pick(const std::vector<T>& choices) {
    return choices[Below(choices.size())];
  }

  void BreakBody(std::string& body);
  void BreakJson(std::string& body);
  void BreakTarget(std::string& target);
  // A value of any type, mostly at the edge of something.
  std::string OddJson();

  std::mt19937_64 random_;
};

}  // namespace raftly
