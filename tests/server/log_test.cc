// Log lines: none breaks another, and nobody who writes one ever waits for whoever reads.
#include "server/log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <utility>

namespace raftly {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

class Pipe {
 public:
  Pipe() { EXPECT_EQ(pipe2(ends_, O_CLOEXEC), 0); }
  ~Pipe() {
    CloseReader();
    CloseWriter();
  }
  int writer() const { return ends_[1]; }
  void CloseReader() { Close(ends_[0]); }
  void CloseWriter() { Close(ends_[1]); }

  // Everything until the writer is closed, or until `enough` is in it.
  std::string Read(const std::string& enough = "\n\n") {
    std::string text;
    char buffer[65536];
    ssize_t n = 0;
    while (text.find(enough) == text.npos && (n = read(ends_[0], buffer, sizeof buffer)) > 0) {
      text.append(buffer, static_cast<size_t>(n));
    }
    return text;
  }

 private:
  static void Close(int& fd) {
    if (fd >= 0) close(std::exchange(fd, -1));
  }
  int ends_[2] = {-1, -1};
};

TEST(Log, AFieldNeverBreaksItsLine) {
  EXPECT_EQ(FormatLogField({"term", "3"}), "term=3");
  EXPECT_EQ(FormatLogField({"why", "two words"}), "why=\"two words\"");
  EXPECT_EQ(FormatLogField({"why", ""}), "why=\"\"");
  EXPECT_EQ(FormatLogField({"why", "a\"b\n"}), "why=\"a\\\"b\\x0a\"");
  EXPECT_EQ(FormatLogField({"key", "\xC3\xA9\xF0\x9F\x98\x80"}), "key=\xC3\xA9\xF0\x9F\x98\x80");
  // What a terminal, or whoever reads lines, takes for more than a letter: U+009B, U+0085, U+2028, and what is no
  // UTF-8.
  EXPECT_EQ(FormatLogField({"key",
                            "a\xC2\x9B"
                            "31m"}),
            "key=\"a\\xc2\\x9b31m\"");
  EXPECT_EQ(FormatLogField({"key", "\xC2\x85x"}), "key=\"\\xc2\\x85x\"");
  EXPECT_EQ(FormatLogField({"key", "\xE2\x80\xA8x"}), "key=\"\\xe2\\x80\\xa8x\"");
  EXPECT_EQ(FormatLogField({"key", "\x9B\xC3\xA9\xFF\xE2\x80"}), "key=\"\\x9b\xC3\xA9\\xff\\xe2\\x80\"");
}

TEST(Log, LinesComeOutInOrderAndWhole) {
  Pipe pipe;
  {
    const Logger log("node1", LogLevel::kInfo, pipe.writer());
    log.Debug("below the level");
    for (int i = 1; i <= 100; ++i) log.Info("line", {{"n", std::to_string(i)}});
    log.Flush(seconds(30));
  }
  pipe.CloseWriter();
  const std::string text = pipe.Read();
  size_t at = 0;
  for (int i = 1; i <= 100; ++i) {
    const std::string line = " INFO node1 line n=" + std::to_string(i) + "\n";
    ASSERT_NE(at = text.find(line, at), std::string::npos) << line;
  }
  EXPECT_EQ(text.find("below"), std::string::npos);
}

TEST(Log, NobodyReadsAndNobodyWaitsAndWhatIsDroppedIsSaid) {
  Pipe pipe;
  const Logger log("node1", LogLevel::kInfo, pipe.writer());
  const std::string long_value(1000, 'x');
  // Several times what the pipe and the queue hold. Were one of them to wait, this would never end.
  for (int i = 0; i < 5000; ++i) log.Info("line", {{"value", long_value}});
  EXPECT_GT(log.dropped(), 0u);
  EXPECT_LT(log.dropped(), 5000u);
  const std::string told = pipe.Read("lines dropped");
  EXPECT_THAT(told, HasSubstr("WARN node1 log lines dropped"));
}

TEST(Log, TheEndDoesNotWaitForAReaderThatNeverComes) {
  Pipe pipe;
  auto log = std::make_unique<Logger>("node1", LogLevel::kInfo, pipe.writer());
  for (int i = 0; i < 5000; ++i) log->Info(std::string(1000, 'x'));
  log.reset();  // returns
}

TEST(Log, AReaderThatWentAwayHarmsNobody) {
  std::signal(SIGPIPE, SIG_IGN);
  Pipe pipe;
  const Logger log("node1", LogLevel::kInfo, pipe.writer());
  pipe.CloseReader();
  log.Error("said to nobody");
  log.Flush(seconds(30));
  EXPECT_EQ(log.dropped(), 0u);
}

}  // namespace
}  // namespace raftly
