#include "tests/cluster/api_description.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cctype>

namespace raftly::test {
namespace {

using Json = ApiDescription::Json;

// A plain scalar is a number, true, false or null where JSON would take it for one.
Json ToJson(const YAML::Node& node) {
  if (node.IsMap()) {
    Json object = Json::object();
    for (const auto& member : node) object[member.first.as<std::string>()] = ToJson(member.second);
    return object;
  }
  if (node.IsSequence()) {
    Json array = Json::array();
    for (const YAML::Node& item : node) array.push_back(ToJson(item));
    return array;
  }
  if (!node.IsScalar()) return nullptr;
  const Json plain = node.Tag() == "?" ? Json::parse(node.Scalar(), nullptr, false) : Json(Json::value_t::discarded);
  return plain.is_primitive() && !plain.is_string() ? plain : Json(node.Scalar());
}

std::string Upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

// The route that serves a described path: the server tells paths apart up to their parameter.
std::string RouteOf(const std::string& described) { return described.substr(0, described.find('{')); }

bool Matches(const std::string& described, const std::string& path) {
  const std::string route = RouteOf(described);
  return route == described ? path == described : path.rfind(route, 0) == 0;
}

std::string TextOf(const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

bool HasType(const std::string& type, const Json& value) {
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  return value.type_name() == type;
}

// The keywords that say something about one value alone.
std::string CheckScalar(const std::string& keyword, const Json& limit, const Json& value) {
  if (keyword == "type" && !HasType(limit, value)) return "is not of type " + TextOf(limit);
  if (keyword == "const" && value != limit) return "is not " + limit.dump();
  if (keyword == "enum" && std::find(limit.begin(), limit.end(), value) == limit.end())
    return "is none of " + limit.dump();
  if (keyword == "minimum" && value < limit) return "is below " + limit.dump();
  if (keyword == "maximum" && value > limit) return "is above " + limit.dump();
  if (keyword == "exclusiveMinimum" && value <= limit) return "is not above " + limit.dump();
  if (keyword == "minLength" && value.get<std::string>().size() < limit) return "is too short";
  return "";
}

}  // namespace

ApiDescription::ApiDescription(const std::string& yaml) : document_(ToJson(YAML::Load(yaml))) {
  for (const auto& [path, item] : document_.at("paths").items()) {
    for (const char* method : {"get", "put", "post", "delete", "patch", "options"}) {
      if (item.contains(method)) operations_.push_back(MakeOperation(path, method, item));
    }
  }
}

const Json& ApiDescription::Resolve(const Json& node) const {
  if (!node.contains("$ref")) return node;
  return document_.at(Json::json_pointer(node["$ref"].get<std::string>().substr(1)));
}

ApiDescription::Operation ApiDescription::MakeOperation(const std::string& path, const std::string& method,
                                                        const Json& item) const {
  const Json& described = item.at(method);
  Operation operation{
      .method = Upper(method), .path = path, .target = path, .body = {}, .security = {}, .responses = {}};
  std::string query;
  for (const Json& parameters :
       {item.value("parameters", Json::array()), described.value("parameters", Json::array())}) {
    for (const Json& reference : parameters) {
      const Json& parameter = Resolve(reference);
      if (!parameter.contains("example")) continue;
      const std::string value = TextOf(parameter["example"]);
      const std::string name = "{" + TextOf(parameter["name"]) + "}";
      const size_t place = operation.target.find(name);
      if (place != std::string::npos) {
        operation.target.replace(place, name.size(), value);
      } else {
        query += (query.empty() ? "?" : "&") + TextOf(parameter["name"]) + "=" + value;
      }
    }
  }
  operation.target += query;
  operation.security = described.value("security", Json());
  if (described.contains("requestBody")) {
    operation.body = Resolve(described["requestBody"]).at("content").at("application/json").at("example").dump();
  }
  for (const auto& [status, response] : described.at("responses").items()) {
    operation.responses[status] = Resolve(response);
  }
  return operation;
}

std::set<std::string> ApiDescription::paths() const {
  std::set<std::string> paths;
  for (const Operation& operation : operations_) paths.insert(operation.path);
  return paths;
}

std::set<std::string> ApiDescription::PathsOf(const std::string& route) const {
  std::set<std::string> all = paths();
  std::erase_if(all, [&](const std::string& described) { return !Matches(described, route); });
  return all;
}

std::set<std::string> ApiDescription::MethodsOf(const std::string& path) const {
  std::set<std::string> methods;
  for (const Operation& operation : operations_) {
    if (RouteOf(operation.path) != RouteOf(path)) continue;
    methods.insert(operation.method);
    if (operation.method == "GET") methods.insert("HEAD");
  }
  return methods;
}

std::string ApiDescription::Complaint(const Operation& operation, const Answer& answer) const {
  const std::string status = std::to_string(answer.status);
  if (!operation.Describes(answer.status)) return "status " + status + " is not described: " + answer.body;
  const Json& response = operation.responses.at(status);
  const Json headers = response.value("headers", Json::object());
  for (const auto& [name, header] : headers.items()) {
    std::string lower = name;
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
    if (answer.Header(lower).empty()) return "no header " + name;
  }
  if (!response.contains("content")) return answer.body.empty() ? "" : "an unexpected body: " + answer.body;
  const std::string type = answer.Header("content-type").substr(0, answer.Header("content-type").find(';'));
  if (!response["content"].contains(type)) return "Content-Type " + type + " is not described";
  if (type != "application/json") return answer.body.empty() ? "no body" : "";
  const Json body = Json::parse(answer.body, nullptr, false);
  if (body.is_discarded()) return "not JSON: " + answer.body;
  const std::string complaint = Check(response["content"][type].at("schema"), body, "$");
  return complaint.empty() ? "" : complaint + " in " + answer.body;
}

std::string ApiDescription::SchemaComplaint(const std::string& name, const Json& value) const {
  return Check(document_.at("components").at("schemas").at(name), value, "$");
}

std::string ApiDescription::Check(const Json& reference, const Json& value, const std::string& where) const {
  static const std::set<std::string> silent = {"description", "default", "example", "pattern"};
  static const std::set<std::string> scalar = {"type",     "const", "enum", "minimum", "maximum", "exclusiveMinimum",
                                               "minLength"};
  static const std::set<std::string> nested = {"required", "properties", "additionalProperties", "items", "oneOf"};
  const Json& schema = Resolve(reference);
  // The type first: the others count on it.
  if (schema.contains("type")) {
    const std::string wrong = CheckScalar("type", schema["type"], value);
    if (!wrong.empty()) return where + " " + wrong;
  }
  for (const auto& [keyword, limit] : schema.items()) {
    if (silent.contains(keyword) || nested.contains(keyword)) continue;
    if (!scalar.contains(keyword)) return where + ": the test does not know the keyword " + keyword;
    const std::string wrong = CheckScalar(keyword, limit, value);
    if (!wrong.empty()) return where + " " + wrong;
  }
  if (schema.contains("oneOf")) return CheckOneOf(schema["oneOf"], value, where);
  if (value.is_object()) return CheckObject(schema, value, where);
  if (!value.is_array() || !schema.contains("items")) return "";
  for (size_t i = 0; i < value.size(); ++i) {
    std::string wrong = Check(schema["items"], value[i], where + "[" + std::to_string(i) + "]");
    if (!wrong.empty()) return wrong;
  }
  return "";
}

std::string ApiDescription::CheckObject(const Json& schema, const Json& value, const std::string& where) const {
  for (const Json& name : schema.value("required", Json::array())) {
    if (!value.contains(name)) return where + "." + TextOf(name) + " is missing";
  }
  const Json properties = schema.value("properties", Json::object());
  const Json others = schema.value("additionalProperties", Json(true));
  for (const auto& [name, member] : value.items()) {
    const std::string place = where + "." + name;
    std::string wrong;
    if (properties.contains(name)) {
      wrong = Check(properties[name], member, place);
    } else if (others.is_object()) {
      wrong = Check(others, member, place);
    } else if (others == false) {
      wrong = place + " is not described";
    }
    if (!wrong.empty()) return wrong;
  }
  return "";
}

std::string ApiDescription::CheckOneOf(const Json& schemas, const Json& value, const std::string& where) const {
  std::string complaints;
  int matches = 0;
  for (const Json& schema : schemas) {
    const std::string complaint = Check(schema, value, where);
    if (complaint.empty()) ++matches;
    complaints += "\n  " + complaint;
  }
  if (matches == 1) return "";
  return where + " matches " + std::to_string(matches) + " of the alternatives:" + complaints;
}

}  // namespace raftly::test
