// The bytes of a snapshot (snapshot-<index>.snap, a backup, an installation over the network), and nothing but the
// bytes.
//
//   file   = header block* end
//   header = magic:16  size:4  fields:size  crc:4       crc of the fields
//   fields = format:4  index:8  term:8  configuration_index:8  configuration_size:4  configuration:configuration_size
//            machine_size:4  machine:machine_size  machine_version:4
//   block  = size:4  data:size  crc:4                   size from 1 to 1 MiB; crc of the data
//   end    = 00000000  blocks:8  bytes:8  all:4  crc:4  crc of blocks, bytes and all
//
// All integers big-endian, all checksums CRC-32 (IEEE, as in zlib). `all` is the checksum of the fields and of every
// block's data in their order, so that no block can be taken from, left out of, or put into another place or snapshot.
// A file without its end is no snapshot: whoever reads one that was cut short knows it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "raft/core/types.h"

namespace raftly {

// Drawn once at random.
inline constexpr std::string_view kSnapshotMagic{"\xd1\x83\x1f\x6e\x52\x53\x6e\x61\x70\x9c\x07\xb4\xe8\x2a\x65\xf3",
                                                 16};
inline constexpr uint32_t kSnapshotFormat = 1;
inline constexpr uint32_t kLongestSnapshotBlock = uint32_t{1} << 20;
// Longer fields are not believed; a configuration has a few hundred bytes.
inline constexpr uint32_t kLongestSnapshotFields = uint32_t{1} << 20;

struct SnapshotHeader {
  LogPosition last_included;  // Figure 13: the state is what applying the log up to here gives
  Index configuration_index;  // of the entry that made the configuration; 0: the one of the first start
  std::string configuration;
  std::string machine;           // name of the state machine's format
  uint32_t machine_version = 0;  // of that format

  bool operator==(const SnapshotHeader&) const = default;
};

// Makes the bytes of one snapshot, piece by piece: Header, any number of Block, End.
class SnapshotEncoder {
 public:
  // Requires fields below kLongestSnapshotFields. Each adds its piece to `out`.
  void Header(const SnapshotHeader& header, std::string& out);
  // Requires 1 to kLongestSnapshotBlock bytes.
  void Block(std::string_view data, std::string& out);
  void End(std::string& out) const;

 private:
  uint64_t blocks_ = 0;
  uint64_t bytes_ = 0;
  uint32_t all_ = 0;
};

// Reads the bytes of one snapshot in pieces of any size, believing nothing. Memory: one block.
class SnapshotDecoder {
 public:
  using OnBlock = absl::FunctionRef<absl::Status(std::string_view data)>;

  // `source` is named in errors.
  explicit SnapshotDecoder(std::string source) : source_(std::move(source)) {}

  // Gives each block that is whole and intact to `on_block`, whose error ends it. DataLoss: damaged, names the offset.
  // Unimplemented: of a format that this version does not know. After an error every call returns it.
  absl::Status Feed(std::string_view bytes, OnBlock on_block);
  // DataLoss where the snapshot is not complete.
  absl::Status Finish() const;

  bool has_header() const { return has_header_; }
  // Requires has_header().
  const SnapshotHeader& header() const { return header_; }
  // DataLoss where it is another snapshot than that of `index`. Requires has_header().
  absl::Status CheckIndex(Index index) const;
  uint64_t offset() const { return offset_; }  // all before it was read and is intact

 private:
  // Takes one piece from the front of `bytes`: how many bytes it had, 0 where there are too few.
  size_t TakePiece(std::string_view bytes, OnBlock on_block);
  size_t TakeHeader(std::string_view bytes);
  size_t TakeBlock(std::string_view bytes, OnBlock on_block);
  size_t TakeEnd(std::string_view bytes);
  bool ParseFields(std::string_view fields);
  size_t Await(size_t bytes);
  size_t Refuse(const char* what);

  std::string source_;
  absl::Status status_;
  std::string kept_;   // the beginning of a piece that is not whole yet
  size_t needed_ = 0;  // bytes that it has at least
  SnapshotHeader header_;
  bool has_header_ = false;
  bool ended_ = false;
  uint64_t offset_ = 0;
  uint64_t blocks_ = 0;
  uint64_t bytes_ = 0;
  uint32_t all_ = 0;
};

}  // namespace raftly
