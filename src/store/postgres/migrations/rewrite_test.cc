#include "store/postgres/migrations/rewrite.h"

#include <gtest/gtest.h>

#include "util/json.h"

namespace silverback::store::postgres::migrations {
namespace {

struct Case {
  const char *before, *after;  // after nullptr: unchanged
};

TEST(RenameAllowAndDeny, RenamesAndKeepsWhatIsThere) {
  const Case cases[] = {
      {R"({"whitelist":["a"],"blacklist":null})", R"({"allow":["a"],"deny":null})"},
      {R"({"whitelist":[],"blacklist":[]})", R"({"allow":{},"deny":{}})"},
      {R"({"whitelist":["old-group"]})", R"({"allow":["old-group"]})"},
      {R"({"blacklist":["x"],"hide_groups_header":true})",
       R"({"deny":["x"],"hide_groups_header":true})"},
      {R"({})", nullptr},
      {R"([])", R"({})"},
      {R"({"whitelist":{}})", R"({"allow":{}})"},
      {R"({"whitelist":["a"],"other":[[]]})", R"({"allow":["a"],"other":[{}]})"},
      // Written by a new node: nothing is lost.
      {R"({"allow":["new"],"deny":null})", nullptr},
      {R"({"allow":[],"deny":["b"]})", nullptr},
      {R"({"allow":null,"deny":null,"whitelist":["a"]})", R"({"allow":["a"],"deny":null})"},
      {R"({"allow":["new"],"whitelist":["old"],"blacklist":["b"]})",
       R"({"allow":["new"],"deny":["b"]})"},
      {R"("text")", nullptr},
      {R"(null)", nullptr},
  };
  for (const Case& one : cases) {
    const auto changed = RenameAllowAndDeny(one.before);
    ASSERT_EQ(changed.has_value(), one.after != nullptr) << one.before;
    if (!changed) continue;
    EXPECT_EQ(Json::parse(*changed), Json::parse(one.after)) << one.before;
    EXPECT_EQ(RenameAllowAndDeny(*changed), std::nullopt) << one.before;
  }
}

TEST(CertificateDigest, NamesTheUnreadableOne) {
  const auto digest = CertificateDigest("ca000000-0000-4000-8000-000000000001", "nonsense");
  ASSERT_FALSE(digest);
  EXPECT_NE(digest.error().message().find("ca000000-0000-4000-8000-000000000001"),
            std::string::npos);
}

}  // namespace
}  // namespace silverback::store::postgres::migrations
