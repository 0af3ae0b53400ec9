#include "lab/terminal.h"

#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "nlohmann/json.hpp"

namespace raftly {
namespace {

using nlohmann::json;

constexpr size_t kWidth = 110;

std::string Names(const json& event, const char* field) {
  std::vector<std::string> names;
  for (const json& one : event.value(field, json::array())) names.push_back(one.get<std::string>());
  return absl::StrJoin(names, ", ");
}

// ": n4 to learn: n1 to leave": what an act asks for of the members.
std::string WishIn(const json& act) {
  std::string words;
  for (const char* what : {"learn", "vote", "leave"}) {
    if (act.contains(what)) absl::StrAppend(&words, ": ", Names(act, what), " to ", what);
  }
  if (act.contains("promote")) absl::StrAppend(&words, ": learners to vote once they have caught up");
  if (act.contains("replace")) absl::StrAppend(&words, ": ", std::string(act["replace"]), " to be replaced");
  return words;
}

std::string ConfigurationIn(const json& event) {
  std::string words = Names(event, "voters");
  if (event.contains("outgoing")) absl::StrAppend(&words, " together with ", Names(event, "outgoing"));
  if (event.contains("learners")) absl::StrAppend(&words, ", learning: ", Names(event, "learners"));
  return words.empty() ? "nobody" : words;
}

// The event in words; empty: it is not worth a line.
std::string Words(const json& event, const std::map<uint64_t, std::string>& asked) {
  const std::string kind = event.at("e");
  const auto text = [&](const char* field) { return event.value(field, std::string()); };
  const auto number = [&](const char* field) { return event.value(field, uint64_t{0}); };
  const std::string node = text("node");
  const std::string why = event.contains("why") ? absl::StrCat(" (", text("why"), ")") : std::string();
  if (kind == "act") {
    const std::string what = text("do");
    if (what == "put" || what == "get" || what == "add" || what == "append" || what == "delete") return {};
    std::vector<std::string> nodes;
    for (const json& one : event.value("nodes", json::array())) nodes.push_back(one.get<std::string>());
    return absl::StrCat("* ", what, nodes.empty() ? "" : " ", absl::StrJoin(nodes, " "), WishIn(event), why);
  }
  if (kind == "call") {
    return absl::StrCat("  client ", number("op"), " asks ", node, ": ", text("do"), " ", text("key"),
                        event.contains("value") ? absl::StrCat(" = ", text("value")) : "");
  }
  if (kind == "again") {
    return absl::StrCat("  client ", number("op"), " was not told, and asks ", node, " once more", why);
  }
  if (kind == "answer") {
    const auto what = asked.find(number("op"));
    const std::string value = !event.contains("value")   ? ""
                              : event["value"].is_null() ? " -> nothing"
                                                         : absl::StrCat(" -> ", text("value"));
    const std::string at = event.contains("index")
                               ? absl::StrCat(" at index ", number("index"), " of term ", number("term"))
                               : std::string();
    return absl::StrCat("  client ", number("op"), " is told ", text("outcome"), " for ",
                        what == asked.end() ? "" : what->second, value, at, why);
  }
  if (kind == "role" && (text("role") == "Leader" || text("role") == "Follower")) {
    return absl::StrCat("  ", node, " is ", text("role") == "Leader" ? "LEADER" : "follower", " in term ",
                        number("term"), why);
  }
  if (kind == "cut") {
    return absl::StrCat("  ", node, " throws away ", number("entries"), " entries from index ", number("from"),
                        " on, for ", text("leader"));
  }
  if (kind == "members") {
    return absl::StrCat("  ", node, " goes by the members ", ConfigurationIn(event), " (entry ", number("at"), ")");
  }
  if (kind == "change") {
    return text("outcome") == "ok" ? absl::StrCat("  ", node, " has committed the change, at index ", number("index"))
                                   : absl::StrCat("  ", node, " is asked for a change in vain: ", text("outcome"), why);
  }
  if (kind == "process" && text("what") != "started") return absl::StrCat("  ", node, " ", text("what"), why);
  if (kind == "disk" && text("what") == "found_unsynced") {
    return absl::StrCat("  ", node, " had written ", number("bytes"), " bytes that no sync had made durable");
  }
  if (kind == "finding") return absl::StrCat("! ", text("text"));
  if (kind == "closing") return "* everything is healed, and all is read once more";
  return {};
}

std::string WrappedLine(std::string_view text, const std::string& indent) {
  std::string wrapped = indent;
  size_t column = indent.size();
  for (const auto word : absl::StrSplit(std::string(text), ' ')) {
    if (column > indent.size() && column + word.size() + 1 > kWidth) {
      absl::StrAppend(&wrapped, "\n", indent);
      column = indent.size();
    }
    if (column > indent.size()) {
      wrapped.append(1, ' ');
      ++column;
    }
    wrapped.append(word.data(), word.size());
    column += word.size();
  }
  return wrapped.append(1, '\n');
}

std::string Wrapped(const std::string& text, const std::string& indent) {
  std::string wrapped;
  for (const auto line : absl::StrSplit(text, '\n')) wrapped += WrappedLine({line.data(), line.size()}, indent);
  return wrapped;
}

std::string RunText(const Incident& incident, bool defended) {
  const LabResult result = RunExperiment(defended ? incident.experiment : Undefended(incident));
  std::string text = defended ? std::string("---- with the defence\n")
                              : absl::StrCat("---- without ", absl::StrJoin(incident.switches, ", "), "\n");
  absl::StrAppend(&text, Narrate(result.trace));
  if (const std::string missing = Missing(incident, defended, result); !missing.empty()) {
    absl::StrAppend(&text, "  this run does not show what it should: ", missing, "\n");
  }
  return text;
}

}  // namespace

std::string Narrate(std::string_view trace) {
  const json document = json::parse(trace);
  std::map<uint64_t, std::string> asked;
  std::string text;
  for (const json& event : document.at("events")) {
    if (event.at("e") == "call") {
      asked[event.at("op")] = absl::StrCat(std::string(event.at("do")), " ", std::string(event.at("key")));
    }
    const std::string words = Words(event, asked);
    if (!words.empty()) absl::StrAppend(&text, absl::StrFormat("%9.1f ms  %s\n", event.at("t").get<double>(), words));
  }
  const json& summary = document.at("summary");
  absl::StrAppend(&text, "  acknowledged ", summary.at("acknowledged").get<uint64_t>(), ", leader changes ",
                  summary.at("leader_changes").get<uint64_t>(), ", without a leader for ",
                  summary.at("without_leader_ms").get<uint64_t>(), " ms\n");
  bool damage = false;
  for (const json& verdict : document.at("verdicts")) {
    if (verdict.at("holds")) continue;
    damage = true;
    absl::StrAppend(&text, "  DAMAGE, ", std::string(verdict.at("rule")), ":\n",
                    Wrapped(std::string(verdict.at("finding")), "    "));
  }
  if (!damage) absl::StrAppend(&text, "  no judge has found any damage\n");
  return text;
}

std::string Show(const Incident& incident) {
  std::string text = absl::StrCat("==== ", incident.name, ": ", incident.title, "\n\n", Wrapped(incident.happened, ""));
  for (const std::string& source : incident.sources) absl::StrAppend(&text, "  ", source, "\n");
  absl::StrAppend(&text, "\n");
  for (const std::string& sentence : incident.in_short) absl::StrAppend(&text, Wrapped(sentence, "  "));
  absl::StrAppend(&text, "\nThe rule: ", Wrapped(incident.rule, ""), "\n");
  if (!incident.runs())
    return absl::StrCat(text, Wrapped(absl::StrCat("Not to be seen here yet. It waits for ", incident.waits_for), ""));
  absl::StrAppend(&text, RunText(incident, true), "\n", RunText(incident, false));
  return text;
}

std::string List() {
  size_t longest = 0;
  for (const Incident& incident : Incidents()) longest = std::max(longest, incident.name.size());
  std::string text;
  for (const Incident& incident : Incidents()) {
    absl::StrAppend(&text, absl::StrFormat("%-*s  %s%s\n", static_cast<int>(longest), incident.name, incident.title,
                                           incident.runs() ? "" : " (told, not shown yet)"));
  }
  return text;
}

}  // namespace raftly
