#include "server/kv/outcome.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/kv/number.h"

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
  const auto version = NumberIn<uint64_t>(text.substr(1, colon - 1));
  if (!version) return absl::DataLossError("the answer of the state machine has no version");
  return WriteOutcome{.kind = static_cast<WriteOutcome::Kind>(kind),
                      .version = Index{*version},
                      .value = std::string(text.substr(colon + 1))};
}

}  // namespace raftly
