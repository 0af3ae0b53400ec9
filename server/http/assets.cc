#include "server/http/assets.h"

#include <string>
#include <utility>

namespace raftly {
namespace {

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

std::string_view ContentType(std::string_view name) {
  static constexpr std::pair<std::string_view, std::string_view> kTypes[] = {
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".ico", "image/x-icon"},
      {".json", "application/json"},
      {".woff2", "font/woff2"},
      {".yaml", "application/yaml; charset=utf-8"}};
  for (const auto& [end, type] : kTypes) {
    if (EndsWith(name, end)) return type;
  }
  return "application/octet-stream";
}

// The dashboard speaks with its own server and runs no code but its own.
constexpr char kPolicy[] =
    "default-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

HttpResponse Serve(const Asset& asset) {
  HttpResponse response{.body = std::string(asset.data), .content_type = std::string(ContentType(asset.name))};
  // A new version has new names below assets/; everything else is asked for again.
  const bool forever = asset.name.substr(0, 7) == "assets/";
  response.headers = {{"Cache-Control", forever ? "public, max-age=31536000, immutable" : "no-cache"},
                      {"X-Content-Type-Options", "nosniff"}};
  if (EndsWith(asset.name, ".html")) {
    response.headers.emplace_back("Content-Security-Policy", kPolicy);
    response.headers.emplace_back("Referrer-Policy", "no-referrer");
  }
  return response;
}

std::string PathOf(std::string_view name) {
  if (name == "index.html") return "/";
  if (name == "lab.html") return "/lab";
  if (name == "openapi.yaml") return "/api/openapi.yaml";
  return "/" + std::string(name);
}

void Register(Router& router, const Asset& asset, const std::string& path) {
  const HttpHandler serve = AtOnce([&asset](const HttpRequest&) { return Serve(asset); });
  router.Add("GET", path, serve);
  // The page finds out itself which incident it is to show.
  if (path == "/lab") router.Add("GET", "/lab/", serve);
}

}  // namespace

void RegisterAssets(Router& router) {
  for (const Asset& asset : EmbeddedAssets()) Register(router, asset, PathOf(asset.name));
}

void RegisterLabAssets(Router& router) {
  for (const Asset& asset : EmbeddedAssets()) {
    if (asset.name == "index.html") continue;
    Register(router, asset, PathOf(asset.name));
    if (asset.name == "lab.html") Register(router, asset, "/");
  }
}

}  // namespace raftly
