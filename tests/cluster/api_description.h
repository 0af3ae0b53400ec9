// An OpenAPI document as a tree that answers can be held against.
//
//   ApiDescription description(yaml);
//   for (const auto& operation : description.operations()) {
//     const Answer answer = Ask(port, operation.method, operation.target, operation.body);
//     EXPECT_EQ(description.Complaint(operation, answer), "");
//   }
#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "tests/cluster/test_cluster.h"

namespace raftly::test {

class ApiDescription {
 public:
  using Json = nlohmann::json;

  struct Operation {
    std::string method;  // "GET"
    std::string path;    // "/keys/{key}"
    std::string target;  // path and query, filled in with the examples
    std::string body;    // the example as JSON; empty: it takes none
    Json security;       // as written
    Json responses;      // by status, references followed

    bool Describes(int status) const { return responses.contains(std::to_string(status)); }
    std::string name() const { return method + " " + path; }
  };

  // Throws where it is not YAML.
  explicit ApiDescription(const std::string& yaml);

  const std::vector<Operation>& operations() const { return operations_; }
  std::set<std::string> paths() const;
  // The described paths that a route of the server serves: "/keys/" is there for "/keys/{key}".
  std::set<std::string> PathsOf(const std::string& route) const;
  // As in the header Allow: of all paths that are one to the server up to their parameter.
  std::set<std::string> MethodsOf(const std::string& path) const;

  // What about an answer is not as described; empty: nothing. A status that is not described is such a thing.
  std::string Complaint(const Operation& operation, const Answer& answer) const;
  // The same of a value and components.schemas.<name>.
  std::string SchemaComplaint(const std::string& name, const Json& value) const;

 private:
  const Json& Resolve(const Json& node) const;
  Operation MakeOperation(const std::string& path, const std::string& method, const Json& item) const;
  std::string Check(const Json& schema, const Json& value, const std::string& where) const;
  std::string CheckObject(const Json& schema, const Json& value, const std::string& where) const;
  std::string CheckOneOf(const Json& schemas, const Json& value, const std::string& where) const;

  const Json document_;
  std::vector<Operation> operations_;
};

}  // namespace raftly::test
