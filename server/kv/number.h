// A number that somebody outside has written.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>

namespace raftly {

// In decimal, and all of `text`: no sign of a kind that it has not, no space, no rest. Nothing: it is none, or does not
// fit.
template <class T>
std::optional<T> NumberIn(std::string_view text) {
  T number{};
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && stop == text.data() + text.size();
  return whole ? std::optional(number) : std::nullopt;
}

}  // namespace raftly
