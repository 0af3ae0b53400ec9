// The store as something that is taken down while it changes, and taken up again (§7).
#include "server/kv/kv_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

#include "server/kv/kv_state.h"
#include "server/kv/outcome.h"

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

// What the last command came to.
class Conditional : public ::testing::Test {
 protected:
  WriteOutcome Apply(const std::string& command) {
    const Index at{++applied_};
    return *DecodeOutcome(store_.Apply({at, Term{1}, EntryType::kNormal, Bytes(command)}), at);
  }
  std::string Value() { return std::string(store_.Get("k")->view()); }

  KvStore store_;
  uint64_t applied_ = 0;
};

using Kind = WriteOutcome::Kind;

TEST_F(Conditional, AWriteHappensOnlyAtTheVersionThatItNames) {
  EXPECT_EQ(Apply(*EncodePut("k", "a", 5)), (WriteOutcome{Kind::kElse, Index{0}})) << "it is absent";
  EXPECT_EQ(Apply(*EncodePut("k", "b", 0)), (WriteOutcome{Kind::kDone, Index{2}}));
  EXPECT_EQ(Apply(*EncodePut("k", "c", 0)), (WriteOutcome{Kind::kElse, Index{2}}));
  EXPECT_EQ(Apply(*EncodePut("k", "d", 2)), (WriteOutcome{Kind::kDone, Index{4}}));
  EXPECT_EQ(Apply(EncodeDelete("k", 2)), (WriteOutcome{Kind::kElse, Index{4}}));
  EXPECT_EQ(Value(), "d");
  EXPECT_EQ(store_.Find("k")->version, Index{4}) << "what did nothing is no change";
  EXPECT_EQ(Apply(EncodeDelete("k", 4)), (WriteOutcome{Kind::kDone, Index{6}}));
  EXPECT_FALSE(store_.Find("k"));
}

TEST_F(Conditional, AddCountsFromWhatIsThereAndSaysWhatItCameTo) {
  EXPECT_EQ(Apply(EncodeAdd("k", 5)), (WriteOutcome{Kind::kDone, Index{1}, "5"})) << "an absent key counts as 0";
  EXPECT_EQ(Apply(EncodeAdd("k", -7)), (WriteOutcome{Kind::kDone, Index{2}, "-2"}));
  Apply(*EncodePut("k", "9223372036854775807"));
  EXPECT_EQ(Apply(EncodeAdd("k", 1)), (WriteOutcome{Kind::kNotNumber, Index{3}})) << "it would not be one of 64 bits";
  EXPECT_EQ(Apply(EncodeAdd("k", -1)).value, "9223372036854775806");
  for (const char* word : {"", "five", "5 ", "5.0", "0x5"}) {
    Apply(*EncodePut("k", word));
    EXPECT_EQ(Apply(EncodeAdd("k", 1)).kind, Kind::kNotNumber) << word;
    EXPECT_EQ(Value(), word);
  }
}

TEST_F(Conditional, AppendGoesBehindWhatIsThere) {
  EXPECT_EQ(Apply(*EncodeAppend("k", "a")), (WriteOutcome{Kind::kDone, Index{1}, "a"}));
  EXPECT_EQ(Apply(*EncodeAppend("k", "b:c", 1)), (WriteOutcome{Kind::kDone, Index{2}, "ab:c"}));
  EXPECT_EQ(Apply(*EncodeAppend("k", "d", 1)), (WriteOutcome{Kind::kElse, Index{2}}));
  Apply(*EncodePut("k", std::string(kMaxValueBytes - 1, 'x')));
  EXPECT_EQ(Apply(*EncodeAppend("k", "y")).kind, Kind::kDone);
  EXPECT_EQ(Apply(*EncodeAppend("k", "y")), (WriteOutcome{Kind::kTooLong, Index{5}}));
}

TEST(Outcome, WhatNoStoreMadeIsNone) {
  for (const char* text : {"d", "d:", "x5:", "d5", "d-1:", "d5x:v", ":"}) {
    EXPECT_FALSE(DecodeOutcome(text, Index{1}).ok()) << text;
  }
}

TEST(List, GivesPagesInByteOrder) {
  Store one;
  for (const char* key : {"a", "b/1", "b/2", "b/\xF0\x9F\x98\x80", "b0", "c"}) one.Put(key, std::string("v") + key);
  const auto keys = [](const KvStore::Page& page) {
    std::string all;
    for (const auto& listed : page.keys) all += listed.key + " ";
    return all;
  };
  const auto first = one.store.List("b/", "", 2, 1000);
  EXPECT_EQ(keys(first), "b/1 b/2 ");
  EXPECT_EQ(first.next, "b/2");
  EXPECT_EQ(first.applied, Index{6});
  EXPECT_EQ(first.keys[0].found.version, Index{2});
  const auto second = one.store.List("b/", first.next, 2, 1000);
  EXPECT_EQ(keys(second), "b/\xF0\x9F\x98\x80 ");
  EXPECT_EQ(second.next, "");
  EXPECT_EQ(keys(one.store.List("", "", 100, 1000)), "a b/1 b/2 b/\xF0\x9F\x98\x80 b0 c ");
  EXPECT_EQ(keys(one.store.List("b/", "b/11", 100, 1000)), "b/2 b/\xF0\x9F\x98\x80 ") << "a key that is not there";
  EXPECT_EQ(keys(one.store.List("b/", "a", 1, 1000)), "b/1 ");
  EXPECT_EQ(keys(one.store.List("x", "", 100, 1000)), "");
  const auto small = one.store.List("", "", 100, 1);
  EXPECT_EQ(keys(small), "a ") << "one at least, and no more once it is enough";
  EXPECT_EQ(small.next, "a");
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
