#include "cli/arguments.h"

#include <gmock/gmock.h>

namespace silverback::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const Syntax& TestSyntax() {
  static const Syntax syntax{.options = {{"conf", 'c', OptionKind::kText, ""},
                                         {"lock-timeout", 't', OptionKind::kNumber, "60"},
                                         {"yes", 'y', OptionKind::kFlag, ""},
                                         {"quiet", 'q', OptionKind::kFlag, ""},
                                         {"v", 0, OptionKind::kFlag, ""}},
                             .words = {}};
  return syntax;
}

Arguments Good(std::vector<std::string> words, const Syntax& syntax = TestSyntax()) {
  ReadArguments read = Read(syntax, std::move(words));
  EXPECT_EQ(read.mistake, "");
  EXPECT_FALSE(read.help);
  return read.arguments;
}

std::string MistakeIn(std::vector<std::string> words) {
  return Read(TestSyntax(), std::move(words)).mistake;
}

TEST(Arguments, NothingGivenLeavesDefaults) {
  const Arguments arguments = Good({});
  EXPECT_EQ(arguments.Text("conf"), "");
  EXPECT_FALSE(arguments.Flag("yes"));
  EXPECT_EQ(arguments.Number("lock-timeout"), 60);
  EXPECT_THAT(arguments.words(), IsEmpty());
}

TEST(Arguments, ValuesFollowOrStandBehindAnEqualSign) {
  EXPECT_EQ(Good({"-c", "a.conf"}).Text("conf"), "a.conf");
  EXPECT_EQ(Good({"--conf", "a.conf"}).Text("conf"), "a.conf");
  EXPECT_EQ(Good({"--conf=a=b"}).Text("conf"), "a=b");
  EXPECT_EQ(Good({"-c=a"}).Text("conf"), "a");
  EXPECT_EQ(Good({"-c", "-y"}).Text("conf"), "-y");
  EXPECT_EQ(Good({"-c", "a", "-c", "b"}).Text("conf"), "b");
}

TEST(Arguments, LettersAndNamesMeanTheSameBehindAnyDash) {
  EXPECT_TRUE(Good({"--y"}).Flag("yes"));
  EXPECT_TRUE(Good({"-v"}).Flag("v"));
  EXPECT_TRUE(Good({"--v"}).Flag("v"));
}

TEST(Arguments, LettersCanBeJoined) {
  const Arguments arguments = Good({"-yqc", "x"});
  EXPECT_TRUE(arguments.Flag("yes"));
  EXPECT_TRUE(arguments.Flag("quiet"));
  EXPECT_EQ(arguments.Text("conf"), "x");
  EXPECT_EQ(Good({"-t5"}).Number("lock-timeout"), 5);
}

TEST(Arguments, WordsStandAnywhere) {
  Arguments arguments = Good({"parse", "-c", "a.conf", "kong.yml", "-", ""});
  EXPECT_EQ(arguments.TakeWord(), "parse");
  EXPECT_THAT(arguments.words(), ElementsAre("kong.yml", "-", ""));
  EXPECT_THAT(Good({"-y", "--", "-q", "--conf"}).words(), ElementsAre("-q", "--conf"));
  arguments = Good({});
  EXPECT_EQ(arguments.TakeWord(), std::nullopt);
}

TEST(Arguments, NamedWordsAreOptionsToo) {
  const Syntax syntax{.options = {},
                      .words = {{"conf", 0, OptionKind::kText, "/etc/kong/kong.conf"}}};
  EXPECT_EQ(Good({}, syntax).Text("conf"), "/etc/kong/kong.conf");
  EXPECT_EQ(Good({"x", "y"}, syntax).Text("conf"), "x");
  EXPECT_THAT(Good({"x", "y"}, syntax).words(), ElementsAre("y"));
  EXPECT_EQ(Good({"--conf", "x"}, syntax).Text("conf"), "x");
}

TEST(Arguments, Numbers) {
  EXPECT_EQ(Good({"-t", "1.5"}).Number("lock-timeout"), 1.5);
  EXPECT_EQ(Good({"-t", "1e3"}).Number("lock-timeout"), 1000);
  EXPECT_EQ(Good({"-t", "0x10"}).Number("lock-timeout"), 16);
  EXPECT_EQ(Good({"-t", " 7 "}).Number("lock-timeout"), 7);
  EXPECT_EQ(Good({"-t", "-1"}).Number("lock-timeout"), -1);
  for (const char* bad : {"abc", "", "1x", "inf", "nan", "1 2"}) {
    EXPECT_EQ(MistakeIn({"-t", bad}), std::string("unable to convert to number: ") + bad);
  }
}

TEST(Arguments, MistakesInKongsWords) {
  EXPECT_EQ(MistakeIn({"--nope"}), "unrecognized parameter: nope");
  EXPECT_EQ(MistakeIn({"-z"}), "unrecognized parameter: z");
  EXPECT_EQ(MistakeIn({"-c"}), "conf was expecting a value");
  EXPECT_EQ(MistakeIn({"-yz"}), "unrecognized parameter: z");
}

TEST(Arguments, HelpCountsUnlessSomethingWasWrongBefore) {
  EXPECT_TRUE(Read(TestSyntax(), {"-h", "--nope"}).help);
  EXPECT_TRUE(Read(TestSyntax(), {"up", "--help"}).help);
  const ReadArguments read = Read(TestSyntax(), {"--nope", "--help"});
  EXPECT_FALSE(read.help);
  EXPECT_NE(read.mistake, "");
}

}  // namespace
}  // namespace silverback::cli
