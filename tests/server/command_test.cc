// Commands, the store, and what keys and values may be.
#include "server/kv/command.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/kv/json.h"
#include "server/kv/kv_store.h"
#include "server/kv/utf8.h"

namespace raftly {
namespace {

Command Decoded(std::string_view data) { return DecodeCommand(data); }

TEST(Command, EncodesAsSpecSection2Says) {
  EXPECT_EQ(*EncodePut("k", "v"), R"({"op":"put","key":"k","value":"v"})");
  EXPECT_EQ(EncodeDelete("k"), R"({"op":"delete","key":"k"})");
}

TEST(Command, ConditionsAddAndAppendAreFurtherFieldsAndVerbs) {
  EXPECT_EQ(*EncodePut("k", "v", 7), R"({"op":"put","key":"k","value":"v","if_version":7})");
  EXPECT_EQ(*EncodeAppend("k", "v"), R"({"op":"append","key":"k","value":"v"})");
  EXPECT_EQ(EncodeAdd("k", -3, 0), R"({"op":"add","key":"k","by":-3,"if_version":0})");
  EXPECT_EQ(EncodeDelete("k", 9), R"({"op":"delete","key":"k","if_version":9})");
  EXPECT_EQ(Decoded(*EncodePut("k", "v", 7)), (Command{Command::Op::kPut, "k", "v", 0, 7}));
  EXPECT_EQ(Decoded(*EncodeAppend("k", "v")), (Command{Command::Op::kAppend, "k", "v"}));
  EXPECT_EQ(Decoded(EncodeAdd("k", -3, 0)), (Command{Command::Op::kAdd, "k", "", -3, 0}));
  EXPECT_EQ(Decoded(EncodeDelete("k", UINT64_MAX)), (Command{Command::Op::kDelete, "k", "", 0, UINT64_MAX}));
}

TEST(Command, AConditionThatCannotBeUnderstoodIsNotIgnored) {
  for (const char* version : {"-1", "1.5", "\"7\"", "[7]", "18446744073709551616"}) {
    EXPECT_EQ(Decoded(absl::StrCat(R"({"op":"put","key":"k","value":"v","if_version":)", version, "}")).op,
              Command::Op::kNothing)
        << version;
  }
  for (const char* by : {"1.5", "\"7\"", "9223372036854775808", "null"}) {
    EXPECT_EQ(Decoded(absl::StrCat(R"({"op":"add","key":"k","by":)", by, "}")).op, Command::Op::kNothing) << by;
  }
  EXPECT_EQ(Decoded(R"({"op":"put","key":"k","value":"v","by":"somebody"})").op, Command::Op::kPut)
      << "a field that is not this verb's";
}

TEST(Command, AnythingThatMayBeStoredComesBack) {
  const std::string key("a\0b\n\"\\/\xF0\x9F\x98\x80 \x1F\x7F", 14);
  const auto encoded = EncodePut(key, key + key);
  ASSERT_TRUE(encoded.ok());
  EXPECT_EQ(Decoded(*encoded), (Command{Command::Op::kPut, key, key + key}));
  EXPECT_EQ(Decoded(EncodeDelete(key)), (Command{Command::Op::kDelete, key, ""}));
}

TEST(Command, WhatAnotherVersionWritesIsUnderstood) {
  const Command put{Command::Op::kPut, "k", ""};
  EXPECT_EQ(Decoded(R"({"op":"put","key":"k"})"), put);
  EXPECT_EQ(Decoded(R"({"op":"put","key":"k","value":null})"), put);
  EXPECT_EQ(Decoded(R"( {"id":7,"more":{"value":["x"]},"value":"","key":"k","op":"put"} )"), put);
  EXPECT_EQ(Decoded(R"({"op":"put","key":"\u003ck\u003e"})").key, "<k>");
}

TEST(Command, WhatCannotBeUnderstoodDoesNothing) {
  for (const char* data : {"", "x", "{", "[]", "\"put\"", R"({"op":"put")", R"({"op":"swap","key":"k"})",
                           R"({"op":"put","key":1})", R"({"op":"put","key":"k","value":5})",
                           R"({"op":["put"],"key":"k"})", "{\"op\":\"put\",\"key\":\"\xFF\"}", R"({"op":"put"} x)"}) {
    EXPECT_EQ(Decoded(data).op, Command::Op::kNothing) << data;
  }
}

TEST(Command, AnEncodingBeyond2MiBIsRefused) {
  EXPECT_TRUE(EncodePut("k", std::string(kMaxValueBytes, 'x')).ok());
  EXPECT_TRUE(absl::IsOutOfRange(EncodePut("k", std::string(kMaxValueBytes, '\x01')).status()));
}

TEST(Json, DeepNestingIsRefusedNotRecursedInto) {
  const std::string deep = "{\"value\":" + std::string(1'000'000, '[');
  EXPECT_TRUE(absl::IsInvalidArgument(ParseJsonObject(deep).status()));
  std::string fair = "{\"a\":" + std::string(60, '[') + std::string(60, ']') + ",\"value\":\"v\"}";
  ASSERT_TRUE(ParseJsonObject(fair).ok());
  EXPECT_EQ(ParseJsonObject(fair)->Find("value")->text, "v");
}

// The fields of the object with these members; nothing where it is refused.
std::optional<std::vector<std::string>> Fields(const std::string& members) {
  const std::string text = "{" + members + "}";
  const auto object = ParseJsonObject(text);
  if (!object.ok()) return std::nullopt;
  std::vector<std::string> out;
  for (const JsonField& field : object->fields()) {
    out.push_back(
        absl::StrCat(std::string(field.name), "|", static_cast<int>(field.kind), "|", std::string(field.text)));
  }
  return out;
}

// A number among the members sends the whole document to the parser, so what it says is compared.
TEST(Json, PlainObjectsAreReadAsTheParserReadsThem) {
  static constexpr std::array<std::string_view, 30> kPieces{"\"a\"",   "\"value\"",
                                                            ":",       ",",
                                                            " ",       "\t",
                                                            "\n",      "\"",
                                                            "\\",      "\\n",
                                                            "\\u0041", "\x01",
                                                            "\x7F",    "\xC3\xA4",
                                                            "\xC3",    "\xFF",
                                                            "x",       "{",
                                                            "}",       "1",
                                                            "\\u00",   "\\uD83D",
                                                            "\\uDE00", "\\uD83D\\uDE00",
                                                            "\\u20ac", "\\u0000",
                                                            "\\/",     "\\b\\f\\r\\t",
                                                            "\\q",     "abcdefghijklmnopq\xC3\xA4"};
  std::mt19937_64 random(7);
  int read = 0;
  for (int i = 0; i < 100'000; ++i) {
    // A well-formed beginning, and often something wrong in it.
    std::string members = R"("key": "k\u00e9y" , "value":"v")";
    if (random() % 2 == 0) members = R"("key":"k","value":"v")";
    for (uint64_t n = random() % 4; n > 0; --n) {
      const std::string_view piece = kPieces.at(random() % kPieces.size());
      members.replace(random() % members.size(), random() % 3, piece.data(), piece.size());
    }
    const auto plain = Fields(members);
    auto parsed = Fields("\"n\":0," + members);
    if (parsed) parsed->erase(parsed->begin());
    ASSERT_EQ(plain, parsed) << members;
    if (plain) ++read;
  }
  EXPECT_GT(read, 10'000);
  EXPECT_LT(read, 90'000);
}

TEST(Limits, KeysAndValues) {
  EXPECT_TRUE(CheckKey(std::string(1024, 'k')).ok());
  EXPECT_TRUE(absl::IsOutOfRange(CheckKey(std::string(1025, 'k'))));
  EXPECT_TRUE(CheckSoughtKey(std::string(65536, 'k')).ok());
  EXPECT_TRUE(absl::IsOutOfRange(CheckSoughtKey(std::string(65537, 'k'))));
  EXPECT_TRUE(absl::IsInvalidArgument(CheckSoughtKey("")));
  EXPECT_TRUE(absl::IsInvalidArgument(CheckKey("")));
  EXPECT_TRUE(absl::IsInvalidArgument(CheckKey("\xC3")));
  EXPECT_TRUE(CheckValue("").ok());
  EXPECT_TRUE(CheckValue(std::string(1 << 20, 'v')).ok());
  EXPECT_TRUE(absl::IsOutOfRange(CheckValue(std::string((1 << 20) + 1, 'v'))));
}

TEST(Utf8, Rfc3629) {
  for (const char* good : {"", "a", "\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
                           "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "x\xF0\x9F\x98\x80y"}) {
    EXPECT_TRUE(IsUtf8(good)) << good;
  }
  for (const char* bad : {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2z", "\xE0\x9F\xBF", "\xE1\x80",
                          "\xED\xA0\x80", "\xED\xBF\xBF", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",
                          "\xF0\x9F\x98", "\xFE", "\xFF", "a\xE2\x28\xA1"}) {
    EXPECT_FALSE(IsUtf8(bad)) << bad;
  }
  EXPECT_TRUE(IsUtf8(std::string("\0", 1)));
}

Entry At(uint64_t index, std::string data) {
  return {Index{index}, Term{1}, EntryType::kNormal, Bytes(std::move(data))};
}

// Strings are scanned eight bytes at a time.
TEST(Command, AnyCharacterAtAnyPlaceOfAValueIsEscapedWhereItMustBe) {
  const std::map<std::string, std::string> as_json = {
      {"\x01", "\\u0001"}, {"\x1f", "\\u001f"}, {"\n", "\\n"},  {" ", " "},       {"!", "!"},           {"\"", "\\\""},
      {"#", "#"},          {"[", "["},          {"\\", "\\\\"}, {"\x7f", "\x7f"}, {"\u00e9", "\u00e9"},
  };
  for (const auto& [character, escaped] : as_json) {
    for (size_t before = 0; before <= 17; ++before) {
      const std::string left(before, 'v');
      const std::string right(17 - before, 'v');
      const std::string encoded = *EncodePut("k", left + character + right);
      EXPECT_EQ(encoded, R"({"op":"put","key":"k","value":")" + left + escaped + right + R"("})");
      EXPECT_EQ(DecodeCommand(encoded).value, left + character + right);
    }
  }
}

TEST(KvStore, AppliesInOrder) {
  KvStore store;
  store.Apply(At(1, ""));
  store.Apply(At(2, *EncodePut("a", "1")));
  store.Apply(At(3, *EncodePut("a", "2")));
  store.Apply(At(4, *EncodePut("b", "")));
  EXPECT_EQ(store.Get("a")->view(), "2");
  EXPECT_EQ(store.Get("b")->view(), "");
  store.Apply(At(5, EncodeDelete("a")));
  store.Apply(At(6, "garbage"));
  EXPECT_FALSE(store.Get("a").has_value());
  EXPECT_EQ(store.digest().applied, Index{6});
  EXPECT_EQ(store.size(), 1u);
}

TEST(KvStore, EqualStatesHaveEqualHashesHoweverTheyCameAbout) {
  KvStore one;
  one.Apply(At(1, *EncodePut("a", "1")));
  one.Apply(At(2, *EncodePut("b", "2")));
  KvStore other;
  other.Apply(At(1, *EncodePut("b", "0")));
  other.Apply(At(2, *EncodePut("b", "2")));
  EXPECT_NE(one.digest().hash, other.digest().hash);
  other.Apply(At(3, *EncodePut("a", "1")));
  EXPECT_EQ(one.digest().hash, other.digest().hash);
}

}  // namespace
}  // namespace raftly
