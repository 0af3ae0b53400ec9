// Stands before a node and hands on what one that knows only the Go server's RPCs would understand. gRPC answers
// UNIMPLEMENTED to the rest.
//
//   OldPeer old("127.0.0.1:7103", "127.0.0.1:7003");   // for the others' lists of peers; where the node listens
#pragma once

#include <memory>
#include <string>

namespace raftly {

class OldPeer {
 public:
  OldPeer(const std::string& address, const std::string& node_address);
  ~OldPeer();

  bool listens() const;
  int appends() const;  // that came

 private:
  class Service;
  std::unique_ptr<Service> service_;
};

}  // namespace raftly
