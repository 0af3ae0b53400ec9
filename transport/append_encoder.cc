#include "transport/append_encoder.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

#include <string>
#include <string_view>
#include <utility>

#include "proto/raft.pb.h"
#include "transport/wire.h"

namespace raftly {
namespace {

using google::protobuf::internal::WireFormatLite;

// A command of so many bytes or more goes to gRPC where it lies.
constexpr size_t kLarge = size_t{4} << 10;

class Writer {
 public:
  void Number(int field, uint64_t value) {
    if (value == 0) return;  // as proto3 has it
    Tag(field, WireFormatLite::WIRETYPE_VARINT);
    Varint(value);
  }
  void Length(int field, size_t bytes) {
    Tag(field, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
    Varint(bytes);
  }
  void Append(std::string_view bytes) { out_.append(bytes); }
  size_t size() const { return out_.size(); }
  std::string Take() { return std::exchange(out_, {}); }

 private:
  void Tag(int field, WireFormatLite::WireType type) { Varint(WireFormatLite::MakeTag(field, type)); }
  void Varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<char>(value | 0x80));
    out_.push_back(static_cast<char>(value));
  }

  std::string out_;
};

size_t VarintBytes(uint64_t value) { return google::protobuf::io::CodedOutputStream::VarintSize64(value); }

// All fields of LogEntry have numbers below 16, so that each tag is one byte.
size_t NumberBytes(uint64_t value) { return value == 0 ? 0 : 1 + VarintBytes(value); }
size_t DataBytes(size_t bytes) { return bytes == 0 ? 0 : 1 + VarintBytes(bytes) + bytes; }

// Whoever drops a slice's last reference sees what its maker did: by a counter of gRPC's, which ThreadSanitizer does
// not see.
#if defined(__SANITIZE_THREAD__)
void Release(void* owner) { __tsan_release(owner); }
void Acquire(void* owner) { __tsan_acquire(owner); }
#else
void Release(void*) {}
void Acquire(void*) {}
#endif

// gRPC reads them where they lie, for as long as it needs to.
grpc::Slice Share(const Bytes& bytes) {
  auto* const owner = new Bytes(bytes);
  Release(owner);
  return grpc::Slice(
      const_cast<char*>(bytes.view().data()), bytes.size(),
      [](void* unused) {
        Acquire(unused);
        delete static_cast<Bytes*>(unused);
      },
      owner);
}

EncodedEntries EncodeAll(const Entries& entries) {
  EncodedEntries encoded;
  Writer writer;
  const auto flush = [&] {
    if (writer.size() > 0) encoded.slices.push_back(Share(Bytes(writer.Take())));
  };
  for (const Entry& entry : entries) {
    const auto type = static_cast<uint64_t>(static_cast<int64_t>(entry.type));  // an int32 is sign-extended on the wire
    const size_t size = NumberBytes(entry.index.value) + NumberBytes(entry.term.value) + DataBytes(entry.data.size()) +
                        NumberBytes(type);
    writer.Length(pb::AppendEntriesRequest::kEntriesFieldNumber, size);
    writer.Number(pb::LogEntry::kIndexFieldNumber, entry.index.value);
    writer.Number(pb::LogEntry::kTermFieldNumber, entry.term.value);
    writer.Number(pb::LogEntry::kTypeFieldNumber, type);
    if (entry.data.empty()) continue;
    writer.Length(pb::LogEntry::kDataFieldNumber, entry.data.size());
    if (entry.data.size() < kLarge) {
      writer.Append(entry.data.view());
    } else {
      flush();
      encoded.slices.push_back(Share(entry.data));
    }
  }
  flush();
  for (const grpc::Slice& slice : encoded.slices) encoded.bytes += slice.size();
  return encoded;
}

}  // namespace

EncodedEntries EntryEncoder::Encode(const Entries& entries) {
  if (entries.empty()) return {};
  const LogPosition first = entries.front().position(), last = entries.back().position();
  {
    MutexLock lock(mutex_);
    if (first_ == first && last_ == last) return encoded_;
  }
  EncodedEntries encoded = EncodeAll(entries);
  MutexLock lock(mutex_);
  first_ = first;
  last_ = last;
  encoded_ = encoded;
  return encoded;
}

grpc::ByteBuffer EncodeReplicate(uint64_t number, const AppendRequest& request, const EncodedEntries& entries) {
  const std::string rest = EncodeWithoutEntries(request).SerializeAsString();
  Writer head;
  head.Number(pb::ReplicateRequest::kNumberFieldNumber, number);
  head.Length(pb::ReplicateRequest::kAppendFieldNumber, rest.size() + entries.bytes);
  head.Append(rest);
  std::vector<grpc::Slice> slices;
  slices.reserve(1 + entries.slices.size());
  slices.emplace_back(head.Take());
  slices.insert(slices.end(), entries.slices.begin(), entries.slices.end());
  return grpc::ByteBuffer(slices.data(), slices.size());
}

}  // namespace raftly
