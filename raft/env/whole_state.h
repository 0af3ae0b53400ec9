// Save and Load of a machine whose state is small: one string at once.
//
//   std::unique_ptr<StateReader> Save() override { return SaveWhole(std::to_string(count_)); }
//   std::unique_ptr<StateWriter> Load(uint32_t, Index) override {
//     return LoadWhole([this](std::string state) { ... return absl::OkStatus(); });
//   }
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "raft/env/state_machine.h"

namespace raftly {

inline std::unique_ptr<StateReader> SaveWhole(std::string state) {
  class Reader : public StateReader {
   public:
    explicit Reader(std::string whole) : state_(std::move(whole)) {}
    bool Read(size_t, std::string& out) override {
      out.append(state_);
      return false;
    }

   private:
    const std::string state_;
  };
  return std::make_unique<Reader>(std::move(state));
}

// `load` runs at Finish, with all that was written.
inline std::unique_ptr<StateWriter> LoadWhole(std::function<absl::Status(std::string state)> load) {
  class Writer : public StateWriter {
   public:
    explicit Writer(std::function<absl::Status(std::string)> then) : load_(std::move(then)) {}
    absl::Status Write(std::string_view bytes) override {
      state_.append(bytes);
      return absl::OkStatus();
    }
    absl::Status Finish() override { return load_(std::move(state_)); }

   private:
    const std::function<absl::Status(std::string)> load_;
    std::string state_;
  };
  return std::make_unique<Writer>(std::move(load));
}

}  // namespace raftly
