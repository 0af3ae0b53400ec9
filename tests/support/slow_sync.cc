// Preloaded into a server: every sync takes longer by as many milliseconds as the file SLOW_SYNC_FILE says, and
// fails as if the disk were full where it says "full". "60000 node2" slows only a process with that word in its command
// line. What the file says counts while a sync is slow, too.
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace {

using Sync = int (*)(int);

constexpr int kStepMs = 20;

// The beginning of a file; the rest of `text` is zeros.
template <size_t size>
ssize_t ReadInto(const char* path, char (&text)[size]) {
  std::memset(text, 0, size);
  const int file = path == nullptr ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  const ssize_t n = read(file, text, size - 1);
  close(file);
  return n;
}

bool CommandLineHas(const char* word) {
  char words[4096];
  const ssize_t end = ReadInto("/proc/self/cmdline", words);
  for (const char* at = words; at < words + end; at += std::strlen(at) + 1) {
    if (std::strcmp(at, word) == 0) return true;
  }
  return false;
}

// -1: as if the disk were full.
int WantedMs() {
  char text[64];
  ReadInto(std::getenv("SLOW_SYNC_FILE"), text);
  if (std::strncmp(text, "full", 4) == 0) return -1;
  const char* const word = std::strchr(text, ' ');
  return word == nullptr || CommandLineHas(word + 1) ? std::atoi(text) : 0;
}

int Slowly(const char* name, int fd) {
  int wanted = WantedMs();
  for (int waited = 0; waited < wanted; waited += kStepMs) {
    poll(nullptr, 0, kStepMs);
    wanted = WantedMs();
  }
  if (wanted < 0) {
    errno = ENOSPC;
    return -1;
  }
  return reinterpret_cast<Sync>(dlsym(RTLD_NEXT, name))(fd);
}

}  // namespace

extern "C" int fdatasync(int fd) { return Slowly("fdatasync", fd); }
extern "C" int fsync(int fd) { return Slowly("fsync", fd); }
