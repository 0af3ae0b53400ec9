// Snapshots from a disk, a backup or a peer: the file's frame, and the state of keys and values in it.
#include <string>
#include <vector>

#include "raft/core/check.h"
#include "raft/storage/snapshot_format.h"
#include "server/kv/command.h"
#include "server/kv/kv_state.h"
#include "server/kv/kv_store.h"
#include "tests/fuzz/framing.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/targets.h"

namespace raftly::fuzz {
namespace {

struct Decoded {
  absl::Status status;
  SnapshotHeader header;
  std::vector<std::string> blocks;
};

Decoded Decode(std::string_view bytes, size_t piece) {
  SnapshotDecoder decoder("file");
  Decoded decoded;
  const auto take = [&](std::string_view data) {
    decoded.blocks.emplace_back(data);
    return absl::OkStatus();
  };
  for (; !bytes.empty() && decoded.status.ok(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    decoded.status = decoder.Feed(bytes.substr(0, piece), take);
  }
  if (decoded.status.ok()) decoded.status = decoder.Finish();
  if (decoder.has_header()) decoded.header = decoder.header();
  return decoded;
}

// Checksums, and the numbers at the end, as the lengths lead.
std::string Repaired(std::string bytes) {
  constexpr size_t kFour = sizeof(uint32_t);
  constexpr size_t kEnd = 8 + 8 + 4;
  size_t at = kSnapshotMagic.size();
  uint32_t all = 0;
  uint64_t blocks = 0, sum = 0;
  for (bool header = true; bytes.size() >= at + kFour; header = false) {
    const size_t size = GetBigEndian<uint32_t>(bytes, at);
    if (size == 0 && !header) {
      std::string end;
      PutBigEndian(end, blocks);
      PutBigEndian(end, sum);
      PutBigEndian(end, all);
      PutBigEndian(end, Checksum(end));
      if (bytes.size() >= at + kFour + kEnd) bytes.replace(at + kFour, end.size(), end);
      break;
    }
    if (bytes.size() - at < kFour + size + kFour) break;
    const uint32_t checksum = MakeRight(bytes, at + kFour, size);
    all = header ? checksum : CombinedChecksum(all, checksum, size);
    blocks += header ? 0 : 1;
    sum += header ? 0 : size;
    at += kFour + size + kFour;
  }
  return bytes;
}

void CheckEncodesAlike(const Decoded& decoded, std::string_view bytes) {
  SnapshotEncoder encoder;
  std::string again;
  encoder.Header(decoded.header, again);
  for (const std::string& block : decoded.blocks) encoder.Block(block, again);
  encoder.End(again);
  RAFTLY_CHECK(again == bytes, "two snapshots say the same");
}

std::string StateOf(KvStore& store) {
  std::string state;
  const auto reader = store.Save();
  while (reader->Read(1 << 20, state)) {
  }
  return state;
}

bool Load(KvStore& store, const std::vector<std::string>& blocks) {
  const auto writer = store.Load(kKvFormatVersion, Index{7});
  for (const std::string& block : blocks) {
    if (const absl::Status status = writer->Write(block); !status.ok()) {
      RAFTLY_CHECK(absl::IsDataLoss(status), "damage is called something else");
      return false;
    }
  }
  const absl::Status status = writer->Finish();
  RAFTLY_CHECK(status.ok() || absl::IsDataLoss(status), "damage is called something else");
  return status.ok();
}

// A state that is taken up is a state like any other.
void CheckState(const std::vector<std::string>& blocks) {
  KvStore store;
  const Entry first{.index = {1}, .term = {1}, .data = Bytes(*EncodePut("before", "1"))};
  store.Apply(first);
  const auto before = store.digest();
  if (!Load(store, blocks)) {
    RAFTLY_CHECK(store.digest() == before, "a state that was refused changed something");
    return;
  }
  const std::string state = StateOf(store);
  KvStore again;
  RAFTLY_CHECK(Load(again, {state}) || state.empty(), "a state that was taken up cannot be saved");
  RAFTLY_CHECK(again.digest().hash == store.digest().hash, "a state changes on its way through a snapshot");
  RAFTLY_CHECK(StateOf(again) == state, "a state is not saved as it was loaded");
  const Entry next{.index = {8}, .term = {1}, .data = Bytes(WithOnce(EncodeAdd("before", 1), "k"))};
  RAFTLY_CHECK(store.Apply(next) == again.Apply(next), "two nodes of one state answer differently");
}

}  // namespace

void FuzzSnapshot(std::string_view input) {
  Input rest(input);
  const uint8_t how = rest.Byte();
  const bool repair = (how & 1) != 0;
  const std::string bytes = repair ? Repaired(std::string(rest.Rest())) : std::string(rest.Rest());
  const Decoded whole = Decode(bytes, std::string_view::npos);
  const Decoded pieces = Decode(bytes, 1 + how / 2);
  RAFTLY_CHECK(whole.status == pieces.status && whole.header == pieces.header && whole.blocks == pieces.blocks,
               "a snapshot depends on the pieces that it comes in");
  if (!whole.status.ok()) {
    RAFTLY_CHECK(absl::IsDataLoss(whole.status) || absl::IsUnimplemented(whole.status), "damage is called otherwise");
    return;
  }
  CheckEncodesAlike(whole, bytes);
  CheckState(whole.blocks);
}

std::vector<std::string> SnapshotSeeds() {
  KvStore store;
  const std::string state_of_nothing = StateOf(store);
  uint64_t index = 0;
  for (const std::string& command :
       {*EncodePut("a", "1"), *EncodePut("key", "value"), EncodeClock(5, {.keys = 3, .ttl_ms = 100}),
        WithOnce(EncodeAdd("n", 7), "k1"), WithOnce(EncodeDelete("a"), "k2"), *EncodePut("z", "")}) {
    store.Apply({.index = {++index}, .term = {1}, .data = Bytes(command)});
  }
  const std::string state = StateOf(store);
  const auto snapshot = [](const std::vector<std::string>& blocks) {
    SnapshotEncoder encoder;
    std::string bytes(1, '\x0b');
    encoder.Header({.last_included = {{1}, {6}},
                    .configuration_index = {2},
                    .configuration = "{}",
                    .machine = "kv",
                    .machine_version = kKvFormatVersion},
                   bytes);
    for (const std::string& block : blocks) encoder.Block(block, bytes);
    encoder.End(bytes);
    return bytes;
  };
  return {snapshot({}), snapshot({state}), snapshot({state.substr(0, 9), state.substr(9, 30), state.substr(39)}),
          snapshot({"\xff\xff\xff\xff" + std::string(24, '\1')})};
}

}  // namespace raftly::fuzz
