#include "store/postgres/migrations/rewrite.h"

#include <gtest/gtest.h>

#include "util/json.h"

namespace silverback::store::postgres::migrations {
namespace {

struct Case {
  const char *before, *after;  // after nullptr: unchanged
};

void ExpectAll(std::initializer_list<Case> cases) {
  for (const Case& one : cases) {
    const auto changed = RenameAllowAndDeny(one.before);
    ASSERT_EQ(changed.has_value(), one.after != nullptr) << one.before;
    if (!changed) continue;
    EXPECT_EQ(Json::parse(*changed), Json::parse(one.after)) << one.before;
  }
}

constexpr std::initializer_list<Case> kOfOldNodes{
    {R"({"whitelist":["a"],"blacklist":null})", R"({"allow":["a"],"deny":null})"},
    {R"({"whitelist":[],"blacklist":[]})", R"({"allow":{},"deny":{}})"},
    {R"({"whitelist":["old-group"]})", R"({"allow":["old-group"]})"},
    {R"({"blacklist":["x"],"hide_groups_header":true})",
     R"({"deny":["x"],"hide_groups_header":true})"},
    {R"({})", nullptr},
    {R"([])", R"({})"},
    {R"({"other":[]})", R"({"other":{}})"},
    {R"({"whitelist":{}})", R"({"allow":{}})"},
    {R"({"whitelist":["a"],"other":[[]]})", R"({"allow":["a"],"other":[{}]})"},
    {R"("text")", nullptr},
    {R"(null)", nullptr},
};

TEST(RenameAllowAndDeny, RenamesListsOfOldNodes) { ExpectAll(kOfOldNodes); }

TEST(RenameAllowAndDeny, KeepsListsOfNewNodes) {
  const std::initializer_list<Case> cases{
      {R"({"allow":["new"],"deny":null})", nullptr},
      {R"({"allow":[],"deny":["b"]})", nullptr},
      {R"({"allow":null,"deny":null,"whitelist":["a"]})", R"({"allow":["a"],"deny":null})"},
      {R"({"allow":["new"],"whitelist":["old"],"blacklist":["b"]})",
       R"({"allow":["new"],"deny":["b"]})"},
  };
  ExpectAll(cases);
  // It may be run again.
  for (const Case& one : cases) {
    if (!one.after) continue;
    EXPECT_EQ(RenameAllowAndDeny(one.after), std::nullopt) << one.after;
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
