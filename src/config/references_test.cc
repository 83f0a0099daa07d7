#include "config/references.h"

#include <gtest/gtest.h>

namespace silverback::config {
namespace {

const Settings kEnvironment = {{"GREETING", "hello"},        {"MY_KEY", "dash"},
                               {"LE_VEL", "warn"},           {"JSON", R"({"a":"1","b":2})"},
                               {"LIST", R"(["1"])"},         {"NUMBER", "5"},
                               {"NOTHING", R"({"a":null})"}, {"TEXT", "not json"}};

std::string Read(std::string_view reference, const Settings& settings = {}) {
  const auto value = Dereference(reference, kEnvironment, settings);
  return value ? *value : value.error().message();
}

TEST(References, AreRecognised) {
  EXPECT_TRUE(IsReference("{vault://env/a}"));
  for (const char* text : {"{vault:/env/a}", "vault://env/a", "{vault://}", "", "{vault://env/a"}) {
    EXPECT_FALSE(IsReference(text)) << text;
  }
}

TEST(References, NameVariables) {
  EXPECT_EQ(Read("{vault://env/greeting}"), "hello");
  EXPECT_EQ(Read("{vault://env/my-key}"), "dash");
  EXPECT_EQ(Read("{vault://env/vel?prefix=le_}"), "warn");
  EXPECT_EQ(Read("{vault://env/vel}", {{"vault_env_prefix", "le-"}}), "warn");
  EXPECT_EQ(Read("{vault://env/json/a}"), "1");
  EXPECT_EQ(Read("{vault://env//json///a/}"), "1");
  EXPECT_EQ(Read("{vault://env/greeting#1}"), "hello");
  EXPECT_EQ(Read("{vault://env/vel?prefix=le_#2}"), "warn");
}

TEST(References, SayWhatIsWrong) {
  EXPECT_EQ(Read("{vault://env/nope}"),
            "unable to load value (nope) from vault (env): not found [{vault://env/nope}]");
  EXPECT_EQ(Read("{vault://env/json/b}"),
            "invalid value received from vault (env) for resource 'json' with a key of 'b': "
            "invalid type (number), string expected [{vault://env/json/b}]");
  EXPECT_EQ(Read("{vault://env/json/c}"),
            "vault (env) did not return value for resource 'json' with a key of 'c' "
            "[{vault://env/json/c}]");
  EXPECT_EQ(Read("{vault://env/text/a}"),
            "unable to json decode value (text) received from vault (env): Expected value but "
            "found invalid token at character 1 [{vault://env/text/a}]");
  EXPECT_EQ(Read("{vault://env/number/a}"),
            "unable to json decode value (number) received from vault (env): invalid type "
            "(number), table expected [{vault://env/number/a}]");
  EXPECT_EQ(Read("{vault://env/list/a}"),
            "vault (env) did not return value for resource 'list' with a key of 'a' "
            "[{vault://env/list/a}]");
  EXPECT_EQ(Read("{vault://env/nothing/a}"),
            "invalid value received from vault (env) for resource 'nothing' with a key of 'a': "
            "invalid type (userdata), string expected [{vault://env/nothing/a}]");
  EXPECT_EQ(Read("{vault://env////}"), "reference url has invalid path [{vault://env////}]");
  EXPECT_EQ(Read("{vault://env/x#a}"), "reference url has invalid version [{vault://env/x#a}]");
  EXPECT_EQ(Read("{vault://nope/x}"), "vault not found (nope) [{vault://nope/x}]");
  EXPECT_EQ(Read("{vault://vault://env/x}"), "vault not found (vault) [{vault://vault://env/x}]");
  EXPECT_EQ(Read("{vault://env}"), "reference url is missing path [{vault://env}]");
  EXPECT_EQ(Read("{vault://env/}"), "reference url has empty path [{vault://env/}]");
  EXPECT_EQ(Read("{vault:///x}"), "reference url is missing host [{vault:///x}]");
}

}  // namespace
}  // namespace silverback::config
