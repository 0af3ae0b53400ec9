// Integers as this library writes them to files: big-endian, at the end of a string or at an offset of one.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace raftly {

namespace big_endian_internal {

// Spelled out byte by byte, not as a loop, because compilers make one load or store of that.
template <class Int, size_t... I>
void PutBytes(std::string& out, Int value, std::index_sequence<I...>) {
  const std::array<char, sizeof(Int)> bytes{static_cast<char>(value >> (8 * (sizeof(Int) - 1 - I)))...};
  out.append(bytes.data(), bytes.size());
}

template <class Int, size_t... I>
Int GetBytes(const char* bytes, std::index_sequence<I...>) {
  return static_cast<Int>(((Int{static_cast<unsigned char>(bytes[I])} << (8 * (sizeof(Int) - 1 - I))) | ...));
}

}  // namespace big_endian_internal

template <class Int>
void PutBigEndian(std::string& out, Int value) {
  big_endian_internal::PutBytes(out, value, std::make_index_sequence<sizeof(Int)>());
}

// Requires: offset + sizeof(Int) <= bytes.size().
template <class Int>
Int GetBigEndian(std::string_view bytes, size_t offset) {
  return big_endian_internal::GetBytes<Int>(bytes.data() + offset, std::make_index_sequence<sizeof(Int)>());
}

}  // namespace raftly
