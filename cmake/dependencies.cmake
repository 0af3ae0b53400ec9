# What Debian 12 provides; `make deps` installs it.
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
find_package(Protobuf REQUIRED)  # before gRPC, in module mode
find_package(absl CONFIG REQUIRED)
find_package(gRPC CONFIG REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(mimalloc CONFIG REQUIRED)
find_package(nlohmann_json CONFIG REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(isal REQUIRED IMPORTED_TARGET libisal)
# cpp-httplib is a shared library here; only its .pc file knows the defines that its layout depends on.
pkg_check_modules(httplib REQUIRED IMPORTED_TARGET cpp-httplib)
