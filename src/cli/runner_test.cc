#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/command.h"
#include "util/string_util.h"

namespace silverback::cli {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

struct Outcome {
  int code;
  std::string out, err;
};

Outcome Kong(std::vector<std::string> words, const Environment& environment = {}) {
  std::ostringstream out, err;
  Console console(out, err);
  const int code = RunCommandLine(std::move(words), environment, console);
  return {code, out.str(), err.str()};
}

// A folder of its own for each test.
class RunnerTest : public testing::Test {
 protected:
  RunnerTest() : folder_(std::filesystem::temp_directory_path() / ("cli-test-" + NewUuid())) {
    std::filesystem::create_directory(folder_);
  }
  ~RunnerTest() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return folder_ / name; }
  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(Path(name)) << text;
    return Path(name);
  }

 private:
  const std::filesystem::path folder_;
};

TEST_F(RunnerTest, EveryCommandPrintsItsOptions) {
  for (const Command* command : Commands()) {
    SCOPED_TRACE(command->name);
    const Outcome help = Kong({std::string(command->name), "--help"});
    EXPECT_EQ(help.code, 1);
    EXPECT_EQ(help.out, "");
    EXPECT_THAT(help.err, StartsWith("Usage: kong " + std::string(command->name)));
    for (const Option& option : command->syntax.options) {
      const std::string letter = option.letter ? std::string("-") + option.letter + "," : "";
      EXPECT_THAT(help.err, ContainsRegex("\n.*" + letter + "--" + std::string(option.name)));
    }
    for (std::string_view subcommand : command->subcommands) {
      EXPECT_THAT(help.err, ContainsRegex("\n( {2})?" + std::string(subcommand) + " "));
    }
    EXPECT_THAT(help.err, HasSubstr("\n --v "));
    EXPECT_THAT(help.err, HasSubstr("\n --vv "));
  }
}

TEST_F(RunnerTest, WithoutACommandAllAreListed) {
  for (const auto& words : {std::vector<std::string>{}, {"--help"}, {"-h", "start"}}) {
    const Outcome listing = Kong(words);
    EXPECT_EQ(listing.code, 1);
    EXPECT_THAT(listing.err, StartsWith("Usage: kong COMMAND [OPTIONS]\n"));
    EXPECT_THAT(listing.err, HasSubstr("\n start\n"));
  }
}

TEST_F(RunnerTest, UnknownCommands) {
  EXPECT_THAT(Kong({"foo"}).err, StartsWith("No such command: foo\n\nUsage: kong COMMAND"));
  EXPECT_THAT(Kong({"migrations", "foo"}).err,
              StartsWith("No such command for migrations: foo\n\nUsage: kong migrations COMMAND"));
  EXPECT_THAT(Kong({"config"}).err, StartsWith("Usage: kong config COMMAND"));
  EXPECT_THAT(Kong({"start", "--foo"}).err, StartsWith("kong: unrecognized parameter: foo\n\n"));
  EXPECT_THAT(Kong({"-x"}).err, StartsWith("kong: unrecognized parameter: x\n\n"));
  EXPECT_EQ(Kong({"foo"}).code, 1);
}

TEST_F(RunnerTest, Version) {
  EXPECT_EQ(Kong({"version"}).out, "2.8.5\n");
  EXPECT_EQ(Kong({"version", "extra"}).code, 0);
  EXPECT_THAT(Kong({"version", "-a"}).out, StartsWith("Kong: 2.8.5\n"));
  EXPECT_THAT(Kong({"version", "--v"}).out,
              MatchesRegex("....-..|..../../.. ..:..:.. \\[verbose\\] Kong: 2.8.5\n2.8.5\n"));
}

TEST_F(RunnerTest, CheckListsMistakes) {
  const std::string good = Write("good.conf", "database = off\n");
  EXPECT_EQ(Kong({"check", good}).out, "configuration at " + good + " is valid\n");
  const Outcome bad = Kong({"check", Write("bad.conf", "log_level = loud\nrole = leader\n")});
  EXPECT_EQ(bad.code, 1);
  EXPECT_THAT(bad.err, HasSubstr("[error] log_level has an invalid value: 'loud' (debug, "));
  EXPECT_THAT(bad.err, HasSubstr("[error] role has an invalid value: 'leader' (data_plane, "));
  EXPECT_THAT(Kong({"check", Path("none")}).err, HasSubstr("[error] no file at: " + Path("none")));
}

TEST_F(RunnerTest, CheckTellsTheVerboseWhereASecretIsMissing) {
  const std::string file = Write("kong.conf", "log_level = {vault://env/none}\n");
  const Outcome quiet = Kong({"check", file});
  EXPECT_EQ(quiet.code, 1);
  EXPECT_EQ(quiet.out + quiet.err, "");
  EXPECT_THAT(Kong({"check", file, "-v"}).out, HasSubstr("{vault://env/none}"));
}

TEST_F(RunnerTest, DeprecatedSettingsAreNoNewsForCheck) {
  const Outcome outcome = Kong({"check", Write("kong.conf", "upstream_keepalive = 10\n")});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.err, "");
}

TEST_F(RunnerTest, ErrorsEndWithAHint) {
  EXPECT_EQ(Kong({"health", "-p", Path("none")}).err,
            "Error: no such prefix: " + Path("none") +
                "\n\n  Run with --v (verbose) or --vv (debug) for more details\n");
  EXPECT_EQ(Kong({"health", "--v", "-p", Path("none")}).err,
            "Error: \nno such prefix: " + Path("none") + "\n");
}

TEST_F(RunnerTest, APidOfSomethingElseIsNoNode) {
  std::filesystem::create_directories(Path("prefix/pids"));
  Write("prefix/pids/nginx.pid", std::to_string(getpid()) + "\n");
  const Outcome health = Kong({"health", "-p", Path("prefix")});
  EXPECT_EQ(health.code, 1);
  EXPECT_EQ(health.out, "nginx.......not running\n\n");
  EXPECT_THAT(Kong({"stop", "-p", Path("prefix")}).err,
              StartsWith("Error: nginx not running in prefix: " + Path("prefix")));
}

TEST_F(RunnerTest, ClusterCertificates) {
  const std::string certificate = Path("a.crt"), key = Path("a.key");
  EXPECT_EQ(Kong({"hybrid", "gen_cert", certificate, key}).code, 0);
  const auto modes = std::filesystem::status(key).permissions();
  EXPECT_EQ(modes, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_THAT(Kong({"hybrid", "gen_cert", certificate, Path("b.key")}).err,
              StartsWith("Error: " + certificate + " already exists.\nWill not overwrite it.\n"));
  EXPECT_FALSE(std::filesystem::exists(Path("b.key")));
  const Outcome missing = Kong({"hybrid", "gen_cert", Path("no/c.crt"), Path("no/c.key")});
  EXPECT_EQ(missing.code, 1);
  EXPECT_THAT(missing.err, HasSubstr("No such file or directory"));
  EXPECT_EQ(
      Kong({"check", Write("kong.conf", "role = control_plane\ncluster_cert = " + certificate +
                                            "\ncluster_cert_key = " + key + "\n")})
          .code,
      0);
}

TEST_F(RunnerTest, Secrets) {
  Environment environment = {{"KONG_DATABASE", "off"},
                             {"KONG_PREFIX", Path("prefix")},
                             {"KONG_VAULTS", "bundled"},
                             {"GREETING", "hello"},
                             {"MAP", R"({"a": "1", "b": 2})"}};
  EXPECT_EQ(Kong({"vault", "get", "env/greeting"}, environment).out, "hello\n");
  EXPECT_EQ(Kong({"vault", "get", "{vault://env/map/a}"}, environment).out, "1\n");
  EXPECT_THAT(Kong({"vault", "get", "env/map/b"}, environment).err,
              HasSubstr("invalid type (number), string expected [{vault://env/map/b}]"));
  EXPECT_THAT(Kong({"vault", "get", "other/x"}, environment).err,
              StartsWith("Error: vault not found (other) [{vault://other/x}]"));
  environment.erase("KONG_VAULTS");
  EXPECT_THAT(Kong({"vault", "get", "env/greeting"}, environment).err,
              StartsWith("Error: could not find vault (env) [{vault://env/greeting}]"));
}

TEST_F(RunnerTest, DeclarativeFilesInAndOutOfTheEmbeddedStore) {
  const Environment environment = {{"KONG_PREFIX", Path("prefix")}};
  const std::string in =
      Write("in.yml",
            "_format_version: '2.1'\n"
            "services: [{name: a, url: 'http://a.test', routes: [{paths: [/a]}]}]\n");
  EXPECT_THAT(Kong({"config", "db_export", Path("none.yml")}, environment).err,
              HasSubstr("nothing is stored in prefix"));
  EXPECT_EQ(Kong({"config", "db_import", in}, environment).err, "");
  const Outcome exported = Kong({"config", "db_export", Path("out.yml")}, environment);
  EXPECT_EQ(exported.code, 0) << exported.err;
  EXPECT_EQ(exported.out + exported.err, "");
  EXPECT_EQ(Kong({"config", "parse", Path("out.yml")}, environment).out, "parse successful\n");
  EXPECT_THAT(Kong({"config", "db_export", Path("out.yml")}, environment).err,
              HasSubstr("already exists. Will not overwrite it."));
  const Outcome lost = Kong({"config", "db_export", Path("in.yml/out.yml")}, environment);
  EXPECT_EQ(lost.code, 1);
  EXPECT_THAT(lost.err, HasSubstr("Not a directory"));
}

TEST_F(RunnerTest, MigrationsOfTheEmbeddedStore) {
  const Environment environment = {{"KONG_PREFIX", Path("prefix")}};
  const auto migrations = [&](const char* command) {
    return Kong({"migrations", command, "-y"}, environment);
  };
  EXPECT_EQ(migrations("list").code, 3);
  EXPECT_EQ(migrations("up").code, 1);
  EXPECT_EQ(migrations("bootstrap").code, 0);
  const Outcome list = migrations("list");
  EXPECT_EQ(list.code, 0);
  EXPECT_THAT(list.out, StartsWith("Executed migrations:\n                 core: 000_base, "));
  EXPECT_EQ(migrations("bootstrap").out, "Database already bootstrapped\n");
  EXPECT_EQ(migrations("up").out, "Database is already up-to-date\n");
  EXPECT_EQ(migrations("finish").out, "No pending migrations to finish\n");
  EXPECT_EQ(migrations("reset").out, "Resetting database...\nDatabase successfully reset\n");
  EXPECT_EQ(migrations("reset").code, 1);
}

}  // namespace
}  // namespace silverback::cli
