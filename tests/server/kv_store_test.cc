// The store as something that is taken down while it changes, and taken up again (§7).
#include "server/kv/kv_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

#include "server/kv/kv_state.h"

namespace raftly {
namespace {

using ::testing::HasSubstr;

class Store {
 public:
  void Put(const std::string& key, const std::string& value) { Apply(*EncodePut(key, value)); }
  void Delete(const std::string& key) { Apply(EncodeDelete(key)); }
  void Apply(const std::string& command) {
    store.Apply({Index{++applied}, Term{1}, EntryType::kNormal, Bytes(command)});
  }

  KvStore store;
  uint64_t applied = 0;
};

// All of it, in pieces of about `bytes`; `between` runs between two of them.
template <class Between>
std::string ReadAll(StateReader& reader, size_t bytes, Between between) {
  std::string state;
  while (reader.Read(bytes, state)) between();
  return state;
}
std::string ReadAll(StateReader& reader) {
  return ReadAll(reader, 1000, [] {});
}

absl::Status Load(KvStore& store, std::string_view state, Index at, size_t piece = std::string_view::npos) {
  const auto writer = store.Load(kKvFormatVersion, at);
  for (; !state.empty(); state.remove_prefix(std::min(piece, state.size()))) {
    if (absl::Status status = writer->Write(state.substr(0, piece)); !status.ok()) return status;
  }
  return writer->Finish();
}

TEST(KvState, IsPairsInOrderWithTheirVersions) {
  Store one;
  one.Put("b", "2");
  one.Put("a", "1");
  one.Put("b", "3");
  std::string expected;
  AppendPair(expected, "a", "1", Index{2});
  AppendPair(expected, "b", "3", Index{3});
  EXPECT_EQ(ReadAll(*one.store.Save()), expected);
  EXPECT_EQ(expected.substr(0, 18), std::string("\0\0\0\1a\0\0\0\1"
                                                "1\0\0\0\0\0\0\0\2",
                                                18));
}

TEST(KvState, ALoadedStoreIsTheSavedOne) {
  Store one;
  for (int i = 0; i < 200; ++i) one.Put("key" + std::to_string(i), std::string(static_cast<size_t>(i), 'v'));
  const std::string state = ReadAll(*one.store.Save());
  for (const size_t piece : {1u, 13u, 4096u, 1'000'000u}) {
    KvStore other;
    ASSERT_TRUE(Load(other, state, Index{one.applied}, piece).ok());
    EXPECT_EQ(other.digest(), one.store.digest());
    EXPECT_EQ(ReadAll(*other.Save()), state);
  }
}

TEST(KvState, TheSnapshotIsOfTheMomentWhateverChangesMeanwhile) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    std::mt19937_64 random(seed);
    Store one;
    const auto change = [&] {
      const std::string key = "k" + std::to_string(random() % 40);
      if (random() % 3 == 0) {
        one.Delete(key);
      } else {
        one.Put(key, std::to_string(random()));
      }
    };
    for (int i = 0; i < 60; ++i) change();
    const std::string then = ReadAll(*one.store.Save());
    const auto first = one.store.Save();
    for (int i = 0; i < 10; ++i) change();
    const std::string later = ReadAll(*one.store.Save());
    const auto second = one.store.Save();
    const std::string read = ReadAll(*first, 1 + random() % 100, [&] {
      for (uint64_t i = random() % 5; i > 0; --i) change();
    });
    ASSERT_EQ(read, then) << "seed " << seed;
    ASSERT_EQ(ReadAll(*second, 50, change), later) << "two at once, seed " << seed;
  }
}

TEST(KvState, AReaderGoesOnWithWhatItWasAskedForWhenAnotherStateIsLoaded) {
  Store one;
  for (int i = 0; i < 10; ++i) one.Put("key" + std::to_string(i), "old");
  const std::string then = ReadAll(*one.store.Save());
  const auto reader = one.store.Save();
  std::string read;
  reader->Read(1, read);
  ASSERT_TRUE(Load(one.store, "", Index{100}).ok());
  one.applied = 100;
  one.Put("key5", "new");
  while (reader->Read(1, read)) continue;
  EXPECT_EQ(read, then);
  EXPECT_EQ(one.store.size(), 1u);
}

TEST(KvState, WhatIsNoStateChangesNothing) {
  Store one;
  one.Put("a", "1");
  const auto before = one.store.digest();
  std::string state;
  AppendPair(state, "b", "2", Index{7});
  EXPECT_THAT(std::string(Load(one.store, state.substr(0, state.size() - 1), Index{9}).message()),
              HasSubstr("ends in the middle"));
  AppendPair(state, "a", "2", Index{8});
  EXPECT_THAT(std::string(Load(one.store, state, Index{9}).message()), HasSubstr("out of order at \"a\""));
  EXPECT_EQ(one.store.digest(), before);
}

}  // namespace
}  // namespace raftly
