#include "util/crypto.h"

#include <gtest/gtest.h>

#include "util/string_util.h"

namespace silverback {
namespace {

TEST(Crypto, HmacsAreThoseOfRfc4231) {
  const std::string key(20, '\x0b');
  EXPECT_EQ(ToHex(Hmac(HashKind::kSha256, key, "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(ToHex(Hmac(HashKind::kSha384, key, "Hi There")).substr(0, 16), "afd03944d8489562");
  EXPECT_EQ(ToHex(Hmac(HashKind::kSha512, key, "Hi There")).substr(0, 16), "87aa7cdea5ef619d");
  EXPECT_EQ(ToHex(Hmac(HashKind::kSha1, key, "Hi There")),
            "b617318655057264e28bc0b6fb378c8ef146be00");
  EXPECT_EQ(Hmac(HashKind::kSha256, "", "").size(), 32u);
}

TEST(Crypto, Base64OfUrls) {
  EXPECT_EQ(Base64UrlEncode("\xfb\xff\xfe"), "-__-");
  EXPECT_EQ(Base64UrlEncode("a"), "YQ");
  EXPECT_EQ(Base64UrlDecode("-__-"), "\xfb\xff\xfe");
  EXPECT_EQ(Base64UrlDecode("YQ"), "a");
  EXPECT_EQ(Base64UrlDecode("YQ=="), "a");
  EXPECT_FALSE(Base64UrlDecode("Y"));
  EXPECT_FALSE(Base64UrlDecode("a.b"));
}

}  // namespace
}  // namespace silverback
