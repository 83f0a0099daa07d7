#include "util/string_util.h"

#include <gtest/gtest.h>

namespace silverback {
namespace {

TEST(Uuid, RecognisesItsOwnAndRefusesOthers) {
  EXPECT_TRUE(IsUuid(NewUuid()));
  EXPECT_TRUE(IsUuid("0D000000-0000-4000-8000-000000000001"));
  EXPECT_FALSE(IsUuid("0d000000-0000-4000-8000-00000000000"));
  EXPECT_FALSE(IsUuid("0d000000-0000-4000-8000-00000000000g"));
}

TEST(Uuid, Version5MatchesTheRfcExample) {
  EXPECT_EQ(UuidV5("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "www.example.com"),
            "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

TEST(Percent, DecodesOnlyCompleteEscapes) {
  EXPECT_EQ(PercentDecode("a%20b+c%2", true), "a b c%2");
  EXPECT_EQ(PercentDecode("a+b%zz", false), "a+b%zz");
  EXPECT_EQ(PercentEncode("a b/\xc3"), "a%20b%2F%C3");
}

TEST(Split, KeepsEmptyParts) {
  EXPECT_EQ(Split("a,,b", ',').size(), 3u);
  EXPECT_EQ(Split("", ',').size(), 1u);
}

TEST(Digest, KnownValues) {
  EXPECT_EQ(ToHex(Sha1("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(Md5Hex(""), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(Base64Encode("ab"), "YWI=");
  EXPECT_EQ(Base64Decode("YWI="), "ab");
  EXPECT_EQ(Base64Decode("YWI"), "ab");
  EXPECT_EQ(Base64Decode("zzz").value().size(), 2u);
  EXPECT_EQ(Base64Decode(""), "");
  EXPECT_FALSE(Base64Decode("x"));
  EXPECT_FALSE(Base64Decode("a b!"));
}

}  // namespace
}  // namespace silverback
