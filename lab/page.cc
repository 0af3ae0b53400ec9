#include "lab/page.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "server/http/assets.h"

namespace raftly {
namespace {

// The text of the embedded file whose name begins and ends so.
std::string Embedded(std::string_view begin, std::string_view end) {
  for (const Asset& asset : EmbeddedAssets()) {
    if (asset.name.starts_with(begin) && asset.name.ends_with(end)) return std::string(asset.data);
  }
  return {};
}

// Within a script element no text may look like its end, or like a comment of HTML.
std::string JsonWithinScript(const std::string& json) { return absl::StrReplaceAll(json, {{"<", "\\u003c"}}); }
std::string CodeWithinScript(const std::string& code) {
  return absl::StrReplaceAll(code, {{"</script", "<\\/script"}});
}

}  // namespace

std::string PageOf(const Incident& incident) { return PageOf(Undefended(incident)); }

std::string PageOf(const Experiment& experiment) {
  const Incident* incident = FindIncident(experiment.incident);
  Experiment defended = experiment;
  std::erase_if(defended.off, [&](const std::string& name) {
    return incident == nullptr ||
           std::find(incident->switches.begin(), incident->switches.end(), name) != incident->switches.end();
  });
  std::string data =
      absl::StrCat("{\"incidents\":[", incident == nullptr ? "" : ToJson(*incident).dump(),
                   "],\"defences\":", DefencesAsJson().dump(), ",\"on\":", RunExperiment(defended).trace);
  if (defended.off != experiment.off) absl::StrAppend(&data, ",\"off\":", RunExperiment(experiment).trace);
  data += "}";
  const std::string title =
      absl::StrReplaceAll(incident == nullptr ? "Raftly laboratory" : incident->title, {{"&", "&amp;"}, {"<", "&lt;"}});
  return absl::StrCat(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>",
      title, "</title>\n<style>\n", Embedded("assets/lab-", ".css"),
      "</style>\n</head>\n<body>\n<div id=\"root\"></div>\n", "<script type=\"application/json\" id=\"raftly-saved\">",
      JsonWithinScript(data), "</script>\n<script type=\"module\">\n", CodeWithinScript(Embedded("assets/lab-", ".js")),
      "</script>\n</body>\n</html>\n");
}

}  // namespace raftly
