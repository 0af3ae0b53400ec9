// Files within the binary: the dashboard at "/", and the description of the API.
#pragma once

#include <string_view>
#include <vector>

#include "server/http/router.h"

namespace raftly {

struct Asset {
  std::string_view name;  // the path below web/dist, "index.html"; or "openapi.yaml"
  std::string_view data;
};

// Made by the build from web/dist (cmake/embed.cmake).
const std::vector<Asset>& EmbeddedAssets();

void RegisterAssets(Router& router);
// Only the laboratory, which is the page at "/" too.
void RegisterLabAssets(Router& router);

}  // namespace raftly
