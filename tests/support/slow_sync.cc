// Preloaded into a server: every sync takes longer by as many milliseconds as the file SLOW_SYNC_FILE says, and
// fails as if the disk were full where it says "full".
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace {

using Sync = int (*)(int);

int Slowly(const char* name, int fd) {
  char text[16] = {};
  const char* path = std::getenv("SLOW_SYNC_FILE");
  const int file = path == nullptr ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  if (file >= 0) {
    [[maybe_unused]] const ssize_t n = read(file, text, sizeof text - 1);
    close(file);
  }
  if (std::strncmp(text, "full", 4) == 0) {
    errno = ENOSPC;
    return -1;
  }
  if (const int ms = std::atoi(text); ms > 0) poll(nullptr, 0, ms);
  return reinterpret_cast<Sync>(dlsym(RTLD_NEXT, name))(fd);
}

}  // namespace

extern "C" int fdatasync(int fd) { return Slowly("fdatasync", fd); }
extern "C" int fsync(int fd) { return Slowly("fsync", fd); }
