// Commands in entries of the log: any bytes mean something, the same on every node, and what they leave behind can be
// taken down and up again.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "raft/core/check.h"
#include "server/kv/command.h"
#include "server/kv/json_value.h"
#include "server/kv/kv_store.h"
#include "server/kv/outcome.h"
#include "server/kv/transaction.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/targets.h"

namespace raftly::fuzz {
namespace {

using Op = Command::Op;

constexpr uint64_t kMostCommands = 8;

std::string EncodeAgain(const Command& command) {
  switch (command.op) {
    case Op::kPut:
      return *EncodePut(command.key, command.value, command.if_version);
    case Op::kAppend:
      return *EncodeAppend(command.key, command.value, command.if_version);
    case Op::kAdd:
      return EncodeAdd(command.key, command.by, command.if_version);
    case Op::kDelete:
      return EncodeDelete(command.key, command.if_version);
    case Op::kTransaction:
      return *EncodeTransaction(*command.transaction);
    case Op::kClock:
      return EncodeClock(command.now_ms, command.limits);
    case Op::kNothing:
      break;
  }
  return "";
}

// Field by field: transactions are shared.
bool Same(const Command& a, const Command& b) {
  if ((a.transaction == nullptr) != (b.transaction == nullptr)) return false;
  if (a.transaction != nullptr && !(*a.transaction == *b.transaction)) return false;
  return a.op == b.op && a.key == b.key && a.value == b.value && a.by == b.by && a.if_version == b.if_version &&
         a.once == b.once && a.now_ms == b.now_ms && a.limits == b.limits;
}

void CheckCommand(const Command& command) {
  if (command.op == Op::kNothing) return;
  std::string encoded = EncodeAgain(command);
  if (!command.once.empty()) encoded = WithOnce(std::move(encoded), command.once);
  RAFTLY_CHECK(Same(DecodeCommand(encoded), command), "a command is not read as it is written");
  if (command.once.empty()) return;
  const std::string without(WithoutOnce(encoded, command.once));
  RAFTLY_CHECK(DecodeCommand(without + "}").once.empty(), "a command keeps its Idempotency-Key");
}

std::string StateOf(KvStore& store, size_t piece) {
  std::string state;
  const auto reader = store.Save();
  while (reader->Read(piece, state)) {
  }
  return state;
}

std::unique_ptr<KvStore> Copy(KvStore& store, Index at, size_t piece) {
  auto copy = std::make_unique<KvStore>();
  const std::string state = StateOf(store, piece);
  const auto writer = copy->Load(copy->format().version, at);
  for (std::string_view rest = state; !rest.empty(); rest.remove_prefix(std::min(piece, rest.size()))) {
    RAFTLY_CHECK(writer->Write(rest.substr(0, piece)).ok(), "a state is refused that a store has saved");
  }
  RAFTLY_CHECK(writer->Finish().ok(), "a state is refused that a store has saved");
  return copy;
}

void CheckOutcome(const std::string& outcome, const Command& command, Index at) {
  const auto decoded = DecodeOutcome(outcome, at);
  RAFTLY_CHECK(decoded.ok(), "nobody understands what the store answers");
  RAFTLY_CHECK(*DecodeOutcome(EncodeOutcome(*decoded), at) == *decoded, "an answer is not read as it is written");
  if (command.op != Op::kTransaction || decoded->kind != WriteOutcome::Kind::kDone) return;
  RAFTLY_CHECK(ParseJson(decoded->value).ok(), "the answer to a transaction is no JSON");
}

}  // namespace

void FuzzCommand(std::string_view input) {
  Input bytes(input);
  const size_t piece = 1 + bytes.Byte();
  const uint64_t snapshot_at = piece % kMostCommands;
  KvStore store;
  std::unique_ptr<KvStore> other;  // a node that begins with a snapshot of the first
  for (uint64_t index = 1; index <= kMostCommands; ++index) {
    const std::string data(bytes.Chunk());
    const Command command = DecodeCommand(data);
    CheckCommand(command);
    const Entry entry{.index = {index}, .term = {1}, .data = Bytes(data)};
    const std::string outcome = store.Apply(entry);
    CheckOutcome(outcome, command, entry.index);
    RAFTLY_CHECK(other == nullptr || other->Apply(entry) == outcome, "two nodes answer differently");
    if (index != snapshot_at && !bytes.empty()) continue;
    if (other == nullptr) other = Copy(store, entry.index, piece);
    if (bytes.empty()) break;
  }
  if (other == nullptr) return;
  RAFTLY_CHECK(other->digest() == store.digest(), "two nodes differ");
  RAFTLY_CHECK(StateOf(*other, piece) == StateOf(store, 1 << 20), "two nodes save different states");
}

std::vector<std::string> CommandSeeds() {
  const auto entries = [](const std::vector<std::string>& commands) {
    std::string input(1, '\x09');  // pieces of 10 bytes, a snapshot after the second
    for (const std::string& command : commands) AppendChunk(input, command);
    return input;
  };
  const std::string transaction =
      R"({"op":"txn","if":[{"key":"a","version":1}],"then":[{"op":"put","key":"b","value":"2"},{"op":"add","key":"b","by":3},)"
      R"({"op":"get","key":"b"}],"else":[{"op":"append","key":"a","value":"x"},{"op":"delete","key":"a"}]})";
  return {
      entries({*EncodePut("a", "1"), *EncodeAppend("a", "2", 1), EncodeAdd("a", 5), EncodeDelete("a", 3)}),
      entries({*EncodePut("a", "\x01\xc3\xa4"), transaction, transaction}),
      entries({EncodeClock(1000, {.keys = 2, .ttl_ms = 500}), WithOnce(EncodeAdd("n", 1), "k"),
               WithOnce(EncodeAdd("n", 1), "k"), WithOnce(EncodeDelete("n"), "k"), WithOnce(*EncodePut("m", "v"), "l"),
               EncodeClock(1600, {.keys = 2, .ttl_ms = 500})}),
      entries({"", "{}", R"({"op":"put","key":null,"value":7})", R"({"op":"clock","now":1,"keys":0,"ttl":0})"}),
  };
}

}  // namespace raftly::fuzz
