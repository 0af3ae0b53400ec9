// The load generator measures what it says it measures.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "bench/load/generator.h"
#include "bench/load/histogram.h"
#include "bench/load/options.h"
#include "bench/load/requests.h"
#include "bench/load/response_parser.h"

namespace raftly::load {
namespace {

using std::chrono::hours;
using std::chrono::nanoseconds;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(Histogram, QuantilesAreWithinAThousandthOfTheTruth) {
  std::mt19937_64 random(1);
  Histogram histogram;
  std::vector<int64_t> all;
  for (int i = 0; i < 100'000; ++i) {
    all.push_back(static_cast<int64_t>(random() % (uint64_t{1} << (random() % 36))));  // all magnitudes
    histogram.Add(nanoseconds(all.back()));
  }
  std::sort(all.begin(), all.end());
  for (const double q : {0.001, 0.1, 0.5, 0.9, 0.99, 0.999}) {
    const auto exact = static_cast<double>(all[static_cast<size_t>(q * 100'000) - 1]);
    const auto found = static_cast<double>(histogram.Quantile(q).count());
    EXPECT_GE(found, exact) << q;
    EXPECT_LE(found, exact * 1.001 + 1) << q;
  }
  EXPECT_EQ(histogram.Quantile(1), histogram.max());
  EXPECT_EQ(histogram.max().count(), all.back());
  EXPECT_EQ(histogram.count(), 100'000u);
}

TEST(Histogram, AnythingCanBeAdded) {
  Histogram histogram;
  EXPECT_EQ(histogram.Quantile(0.5), nanoseconds(0));
  EXPECT_EQ(histogram.mean(), nanoseconds(0));
  histogram.Add(nanoseconds(-5));
  histogram.Add(hours(7));
  EXPECT_EQ(histogram.Quantile(0.5), nanoseconds(0));
  EXPECT_EQ(histogram.max(), hours(1));
  Histogram sum;
  sum.Add(nanoseconds(3));
  sum.Add(histogram);
  EXPECT_EQ(sum.count(), 3u);
  EXPECT_EQ(sum.Quantile(0.5), nanoseconds(3));
}

// The statuses of all answers in `bytes`, given in pieces of `piece`.
std::vector<int> Statuses(const std::string& bytes, size_t piece) {
  ResponseParser parser;
  std::vector<int> statuses;
  for (size_t begin = 0; begin < bytes.size(); begin += piece) {
    std::string_view data = std::string_view(bytes).substr(begin, piece);
    while (!data.empty()) {
      const auto state = parser.Feed(data);
      if (state == ResponseParser::State::kBroken) return {-1};
      if (state == ResponseParser::State::kDone) statuses.push_back(parser.status());
    }
  }
  return statuses;
}

TEST(ResponseParser, AnswersCutAnywhere) {
  const std::string all =
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
      "HTTP/1.1 404 Not Found\r\ncontent-length:0\r\nX: y\r\n\r\n"
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n10;x=1\r\n0123456789abcdef\r\n0\r\n\r\n"
      "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\n{}";
  for (size_t piece = 1; piece <= all.size(); ++piece) {
    EXPECT_EQ(Statuses(all, piece), (std::vector<int>{200, 404, 200, 503})) << piece;
  }
}

TEST(ResponseParser, NonsenseIsBroken) {
  for (const char* bytes :
       {"HTTP/2 200 OK\r\n", "hello\r\n", "HTTP/1.1 abc\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    EXPECT_EQ(Statuses(bytes, 1000), std::vector<int>{-1}) << bytes;
  }
}

TEST(ResponseParser, SaysWhenTheServerCloses) {
  ResponseParser parser;
  std::string_view data = "HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n";
  ASSERT_EQ(parser.Feed(data), ResponseParser::State::kDone);
  EXPECT_TRUE(parser.closes());
}

TEST(OpenLoop, OperationsAreDueWhateverHappens) {
  EXPECT_EQ(DueTime(0, 1000), nanoseconds(0));
  EXPECT_EQ(DueTime(1, 1000), nanoseconds(1'000'000));
  EXPECT_EQ(DueTime(3'000'000, 1e6), std::chrono::seconds(3));
}

Options Parsed(const std::vector<std::string>& arguments) { return ParseOptions(arguments).value_or(Options()); }

TEST(LoadRequests, OursAndEtcds) {
  Options options = Parsed({"--endpoints", ":8001", "--keys=1", "--value-bytes=3", "--key-bytes=4"});
  EXPECT_EQ(Requests(options).Make("h:1").bytes,
            "PUT /keys/0000 HTTP/1.1\r\nHost: h:1\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n"
            R"({"value":"vvv"})");
  options.api = Options::Api::kEtcd;
  EXPECT_THAT(Requests(options).Make("h").bytes, EndsWith(R"({"key":"MDAwMA==","value":"dnZ2"})"));
  options.gets = 100;
  options.stale = true;
  EXPECT_THAT(Requests(options).Make("h").bytes, StartsWith("POST /v3/kv/range "));
  EXPECT_THAT(Requests(options).Make("h").bytes, EndsWith(R"({"key":"MDAwMA==","serializable":true})"));
  options.api = Options::Api::kRaftly;
  EXPECT_THAT(Requests(options).Make("h").bytes, StartsWith("GET /keys/0000?consistency=stale HTTP/1.1\r\n"));
}

TEST(LoadOptions, BadFlagsNameFlagAndValue) {
  const auto error = [](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--endpoints", ":1"});
    return std::string(ParseOptions(arguments).status().message());
  };
  EXPECT_THAT(error({"--connections", "0"}), HasSubstr("flag --connections: \"0\""));
  EXPECT_THAT(error({"--gets=101"}), HasSubstr("flag --gets: \"101\""));
  EXPECT_THAT(error({"--rate=x"}), HasSubstr("flag --rate: \"x\""));
  EXPECT_THAT(error({"--api", "redis"}), HasSubstr("flag --api: \"redis\""));
  EXPECT_THAT(error({"--duration"}), HasSubstr("flag --duration needs a value"));
  EXPECT_THAT(error({"--duration=0"}), HasSubstr("flag --duration: \"0\""));
  EXPECT_THAT(error({"--frobnicate"}), HasSubstr("--frobnicate"));
  EXPECT_THAT(error({"extra"}), HasSubstr("extra"));
  EXPECT_THAT(std::string(ParseOptions({}).status().message()), HasSubstr("--endpoints is missing"));
  EXPECT_THAT(std::string(ParseOptions({"--endpoints", ":1,x"}).status().message()), HasSubstr("\"x\""));
}

TEST(Load, NobodyListens) {
  EXPECT_EQ(load::Run(Parsed({"--endpoints", "127.0.0.1:1"}), [](const Progress&) {}).status().code(),
            absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace raftly::load
