#include "raft/node/state_loader.h"

#include "absl/strings/str_cat.h"

namespace raftly {

absl::Status Loadable(const SnapshotHeader& header, const StateMachine::Format& ours) {
  if (header.machine != ours.name) {
    return absl::UnimplementedError(absl::StrCat("the snapshot of index ", header.last_included.index.value,
                                                 " is of \"", header.machine, "\", and this is \"", ours.name, "\""));
  }
  if (header.machine_version > ours.version) {
    return absl::UnimplementedError(absl::StrCat("the snapshot of index ", header.last_included.index.value,
                                                 " is of version ", header.machine_version, " of \"", ours.name,
                                                 "\", and this program knows up to version ", ours.version));
  }
  return absl::OkStatus();
}

absl::Status StateLoader::Feed(std::string_view bytes) {
  size_ += bytes.size();  // also of what is of no use any more: nobody is to read it again
  if (!status_.ok()) return status_;
  status_ = decoder_.Feed(bytes, [this](std::string_view block) {
    absl::Status begun = BeginState();
    return begun.ok() ? writer_->Write(block) : begun;
  });
  return status_;
}

// Where the header turns out to be of another machine, nothing of the state has been looked at yet.
absl::Status StateLoader::BeginState() {
  if (writer_ != nullptr) return absl::OkStatus();
  const SnapshotHeader& header = decoder_.header();
  absl::Status status = decoder_.CheckIndex(index_);
  if (status.ok()) status = Loadable(header, ours_);
  if (status.ok()) writer_ = machine_.Load(header.machine_version, header.last_included.index);
  return status;
}

absl::StatusOr<SnapshotHeader> StateLoader::Finish() {
  if (status_.ok()) status_ = decoder_.Finish();
  if (status_.ok()) status_ = BeginState();  // a state may be empty
  if (status_.ok()) status_ = writer_->Finish();
  if (!status_.ok()) return status_;
  return decoder_.header();
}

}  // namespace raftly
