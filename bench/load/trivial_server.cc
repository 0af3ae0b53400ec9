// The ceiling for an HTTP server of this kind: cpp-httplib as it comes, a PUT into a map, no consensus and no disk.
#include <httplib.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: raftly-trivial-http PORT\n", stderr);
    return 1;
  }
  std::mutex mutex;
  std::map<std::string, std::string> values;
  httplib::Server server;
  server.new_task_queue = [] { return new httplib::ThreadPool(512); };
  server.set_tcp_nodelay(true);
  server.set_keep_alive_max_count(1'000'000'000);
  server.Put(R"(/keys/(.*))", [&](const httplib::Request& request, httplib::Response& response) {
    const std::lock_guard lock(mutex);
    values[request.matches[1]] = request.body;
    response.status = 200;
  });
  return server.listen("127.0.0.1", std::atoi(argv[1])) ? 0 : 1;
}
