#include "server/kv/outcome.h"

#include <charconv>
#include <utility>

#include "absl/strings/str_cat.h"

namespace raftly {
namespace {

constexpr std::string_view kLetters = "denlo";  // of the kinds, in their order

}  // namespace

std::string EncodeOutcome(const WriteOutcome& outcome) {
  const char letter = kLetters[static_cast<size_t>(outcome.kind)];
  return absl::StrCat(std::string(1, letter), outcome.version.value, ":", outcome.value);
}

absl::StatusOr<WriteOutcome> DecodeOutcome(std::string_view text, Index at) {
  if (text.empty()) return WriteOutcome{.kind = WriteOutcome::Kind::kDone, .version = at};
  const size_t kind = kLetters.find(text.front());
  const size_t colon = text.find(':');
  if (kind == std::string_view::npos || colon == std::string_view::npos) {
    return absl::DataLossError("the answer of the state machine is none");
  }
  WriteOutcome outcome{.kind = static_cast<WriteOutcome::Kind>(kind), .version = {}, .value = {}};
  const auto [stop, error] = std::from_chars(text.data() + 1, text.data() + colon, outcome.version.value);
  if (error != std::errc() || stop != text.data() + colon) {
    return absl::DataLossError("the answer of the state machine has no version");
  }
  outcome.value = std::string(text.substr(colon + 1));
  return outcome;
}

}  // namespace raftly
