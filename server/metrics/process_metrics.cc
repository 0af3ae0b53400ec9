#include "server/metrics/process_metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "server/metrics/samples.h"

namespace raftly {
namespace {

// The fields of /proc/[pid]/stat after the command's name, which proc(5) counts from 3.
enum StatField : size_t {
  kUserTime = 11,
  kSystemTime = 12,
  kThreads = 17,
  kStarted = 19,
  kVirtual = 20,
  kResident = 21
};

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::optional<double> ReadBootTime(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string name;
    double seconds = 0;
    if (words >> name >> seconds && name == "btime") return seconds;
  }
  return std::nullopt;
}

std::optional<double> MaxDescriptors() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
  return static_cast<double>(limit.rlim_cur);
}

// Words as numbers; one that is none, as the state's letter, is 0.
std::vector<double> Numbers(std::string_view text) {
  std::vector<double> numbers;
  for (const absl::string_view word :
       absl::StrSplit(absl::string_view(text.data(), text.size()), ' ', absl::SkipEmpty())) {
    double number = 0;
    numbers.push_back(absl::SimpleAtod(word, &number) ? number : 0);
  }
  return numbers;
}

}  // namespace

ProcessMetrics::ProcessMetrics(std::string proc) : proc_(std::move(proc)), booted_at_(ReadBootTime(proc_ + "/stat")) {}

std::optional<ProcessMetrics::Stat> ProcessMetrics::ReadStat() const {
  const std::string text = ReadFile(proc_ + "/self/stat");
  const size_t name_end = text.rfind(')');  // the name itself may hold spaces and brackets
  if (name_end == std::string::npos) return std::nullopt;
  const std::vector<double> fields = Numbers(std::string_view(text).substr(name_end + 1));
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  const auto page = static_cast<double>(sysconf(_SC_PAGESIZE));
  if (fields.size() <= kResident) return std::nullopt;
  return Stat{.cpu_seconds = (fields[kUserTime] + fields[kSystemTime]) / ticks,
              .threads = fields[kThreads],
              .started_at = fields[kStarted] / ticks,
              .virtual_bytes = fields[kVirtual],
              .resident_bytes = fields[kResident] * page};
}

// Without std::filesystem, which makes a path of every entry: there may be thousands.
std::optional<double> ProcessMetrics::CountDescriptors() const {
  const std::unique_ptr<DIR, int (*)(DIR*)> descriptors(opendir((proc_ + "/self/fd").c_str()), closedir);
  if (descriptors == nullptr) return std::nullopt;
  double count = 0;
  while (const dirent* entry = readdir(descriptors.get())) {
    if (entry->d_name[0] != '.') ++count;
  }
  return count;
}

std::vector<prometheus::MetricFamily> ProcessMetrics::Collect() const {
  std::vector<prometheus::MetricFamily> all;
  if (const auto stat = ReadStat()) {
    all = {CounterNow("process_cpu_seconds_total", "User and system CPU time spent, in seconds", stat->cpu_seconds),
           GaugeNow("process_threads", "Threads", stat->threads),
           GaugeNow("process_virtual_memory_bytes", "Virtual memory size in bytes", stat->virtual_bytes),
           GaugeNow("process_resident_memory_bytes", "Resident memory size in bytes", stat->resident_bytes)};
    if (booted_at_) {
      all.push_back(GaugeNow("process_start_time_seconds", "Start of the process, in seconds since 1970",
                             *booted_at_ + stat->started_at));
    }
  }
  if (const auto open = CountDescriptors()) all.push_back(GaugeNow("process_open_fds", "Open file descriptors", *open));
  if (const auto most = MaxDescriptors()) {
    all.push_back(GaugeNow("process_max_fds", "Most file descriptors that may be open", *most));
  }
  return all;
}

}  // namespace raftly
