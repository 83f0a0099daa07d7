#include "config/conf_file.h"

#include <gtest/gtest.h>

namespace silverback::config {
namespace {

std::string Value(std::string_view text) {
  const Settings settings = ParseConfFile(text);
  const auto found = settings.find("a");
  return found == settings.end() ? "(none)" : found->second;
}

TEST(ConfFile, TrimsNamesAndValuesAndKeepsQuotes) {
  EXPECT_EQ(Value("  a   =   x y   \n"), "x y");
  EXPECT_EQ(Value("a=\"x\""), "\"x\"");
  EXPECT_EQ(Value("a = 'x'\r\n"), "'x'");
  EXPECT_EQ(Value("a ="), "");
  EXPECT_EQ(Value("a = b = c"), "b = c");
  EXPECT_EQ(Value("a-b = 1\na_b = 2"), "(none)");
  EXPECT_EQ(ParseConfFile("a-b = 1").at("a_b"), "1");
}

TEST(ConfFile, LastOfTwoCounts) { EXPECT_EQ(Value("a = 1\na = 2\n"), "2"); }

TEST(ConfFile, CommentsEatTheCharacterBefore) {
  EXPECT_EQ(Value("# a = 1\n; a = 2\n"), "(none)");
  EXPECT_EQ(Value("a = off # why\n"), "off");
  EXPECT_EQ(Value("a = text/html#x\n"), "text/htm");
  EXPECT_EQ(Value("a = #x\n"), "#x");
  EXPECT_EQ(Value("a = x\\#y # z\n"), "x#y");
}

TEST(ConfFile, LinesContinueAndSectionsAreLeftOut) {
  EXPECT_EQ(Value("a = x, \\\n# between\n  y\n"), "x,   y");
  EXPECT_EQ(Value("nothing here\n[section]\na = 1\n"), "(none)");
}

TEST(ConfFile, EscapedValuesComeBack) {
  for (const char* value : {"plain", "a#b", "#", "##", "a\\#b", "a\\", "c:\\#\\", "\"q\" 'q'"}) {
    EXPECT_EQ(Value("a = " + EscapeConfValue(value) + "\nb = 1\n"), value);
  }
  EXPECT_EQ(EscapeConfValue("first\nsecond = 2"), "first");
}

}  // namespace
}  // namespace silverback::config
