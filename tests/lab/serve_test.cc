// The laboratory without a cluster: its page at every address that leads to it, and its API.
#include "lab/serve.h"

#include <gmock/gmock.h>
#include <httplib.h>

#include "absl/strings/str_cat.h"
#include "lab/page.h"

namespace raftly {
namespace {

using ::testing::HasSubstr;

TEST(LabServer, ServesItsPageAndRunsExperiments) {
  LabServer server({.host = "127.0.0.1", .port = 0}, absl::StrCat(RAFTLY_BIN_DIR, "/raftly-lab"));
  ASSERT_TRUE(server.Start().ok());
  httplib::Client client("127.0.0.1", server.port());
  client.set_read_timeout(60);
  for (const char* path : {"/", "/lab", "/lab/stale-read"}) {
    const auto page = client.Get(path);
    ASSERT_TRUE(page) << path;
    EXPECT_EQ(page->status, 200) << path;
    EXPECT_THAT(page->body, HasSubstr("/assets/lab-")) << path;
  }
  const auto incidents = client.Get("/api/lab/incidents");
  ASSERT_TRUE(incidents);
  EXPECT_THAT(incidents->body, HasSubstr("ack-before-quorum"));
  const auto trace =
      client.Post("/api/lab/run", R"({"format":1,"nodes":3,"seed":1,"duration_ms":300,"acts":[]})", "application/json");
  ASSERT_TRUE(trace);
  EXPECT_EQ(trace->status, 200);
  EXPECT_THAT(trace->body, HasSubstr("\"damage\":false"));
  EXPECT_EQ(client.Get("/keys/k")->status, 404) << "there is no cluster here";
  EXPECT_EQ(client.Get("/", {{"Host", "elsewhere.example"}})->status, 403);
}

TEST(LabPage, HoldsBothRunsAndAsksNobodyForAnything) {
  const std::string page = PageOf(*FindIncident("ack-before-quorum"));
  const size_t begin = page.find("id=\"raftly-saved\">") + 18;
  const auto data = nlohmann::json::parse(page.substr(begin, page.find("</script>", begin) - begin));
  EXPECT_EQ(data.at("on").at("summary").at("damage"), false);
  EXPECT_EQ(data.at("off").at("summary").at("damage"), true);
  EXPECT_EQ(data.at("incidents").at(0).at("name"), "ack-before-quorum");
  EXPECT_EQ(page.find(" src="), page.npos);
  EXPECT_EQ(page.find("<link"), page.npos);
}

TEST(LabPage, OfAnExperimentHasOneRunOrTwo) {
  const auto data_of = [](const Experiment& experiment) {
    const std::string page = PageOf(experiment);
    const size_t begin = page.find("id=\"raftly-saved\">") + 18;
    return nlohmann::json::parse(page.substr(begin, page.find("</script>", begin) - begin));
  };
  Experiment experiment;
  const auto whole = data_of(experiment);
  EXPECT_TRUE(whole.at("incidents").empty());
  EXPECT_FALSE(whole.contains("off"));
  experiment.off = {"pre_vote"};
  const auto both = data_of(experiment);
  EXPECT_EQ(both.at("off").at("experiment").at("off"), nlohmann::json({"pre_vote"}));
  EXPECT_TRUE(both.at("on").at("experiment").at("off").empty());
}

TEST(LabServer, APortThatIsTakenIsNamed) {
  LabServer first({.host = "127.0.0.1", .port = 0}, "");
  ASSERT_TRUE(first.Start().ok());
  LabServer second({.host = "127.0.0.1", .port = first.port()}, "");
  EXPECT_THAT(std::string(second.Start().message()), HasSubstr(std::to_string(first.port())));
}

}  // namespace
}  // namespace raftly
