// The log plugins that write or send an entry for each request.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "plugins/log/severities.h"
#include "support/fake_env.h"
#include "support/fake_exchange.h"

namespace silverback::plugins {
namespace {

class LogTest : public ::testing::Test {
 protected:
  LogTest()
      : path_(std::filesystem::temp_directory_path() / ("log_test." + std::to_string(getpid()))) {
    exchange_.log_entry = {{"status", 200}};
  }
  ~LogTest() override { std::filesystem::remove(path_); }
  std::string File() const {
    std::stringstream text;
    text << std::ifstream(path_).rdbuf();
    return text.str();
  }

  const std::filesystem::path path_;
  test::FakeEnv env_;
  test::FakeExchange exchange_;
};

TEST_F(LogTest, FileLogAppendsLinesAndFindsAMovedFile) {
  const auto kept = env_.Make("file-log", {{"path", path_.string()}, {"reopen", false}});
  kept->OnLog(exchange_);
  kept->OnLog(exchange_);
  EXPECT_EQ(File(), "{\"status\":200}\n{\"status\":200}\n");
  std::filesystem::remove(path_);
  kept->OnLog(exchange_);
  EXPECT_EQ(File(), "");
  env_.Make("file-log", {{"path", path_.string()}, {"reopen", true}})->OnLog(exchange_);
  EXPECT_EQ(File(), "{\"status\":200}\n");
}

TEST_F(LogTest, FileLogTellsOfAFileThatCannotBeWritten) {
  env_.Make("file-log", {{"path", "/nowhere/at/all"}, {"reopen", false}})->OnLog(exchange_);
  ASSERT_EQ(env_.log.lines.size(), 1u);
  EXPECT_NE(env_.log.lines[0].find("failed to open the file /nowhere/at/all"), std::string::npos);
}

TEST_F(LogTest, UdpLogSendsTheEntry) {
  env_.Make("udp-log", {{"host", "log.test"}, {"port", 9}})->OnLog(exchange_);
  EXPECT_EQ(env_.datagrams.sent, std::vector<std::string>{"log.test:9 {\"status\":200}"});
}

TEST_F(LogTest, TcpLogSendsWhatCameTogetherAndTriesAgain) {
  const auto plugin = env_.Make("tcp-log", {{"host", "log.test"},
                                            {"port", 9},
                                            {"timeout", 500},
                                            {"keepalive", 700},
                                            {"tls", true},
                                            {"tls_sni", "name.test"}});
  plugin->OnLog(exchange_);
  plugin->OnLog(exchange_);
  EXPECT_TRUE(env_.tcp.sent.empty());
  EXPECT_EQ(env_.timers.RunAll(), 1);
  ASSERT_EQ(env_.tcp.sent.size(), 1u);
  EXPECT_EQ(env_.tcp.sent[0], "{\"status\":200}\n{\"status\":200}\n");
  EXPECT_EQ(env_.tcp.receivers[0],
            (plugin::TcpReceiver{"log.test", 9, 500, 700, true, "name.test"}));
  env_.tcp.Reply("gone");
  EXPECT_EQ(env_.timers.RunAll(), 1);
  ASSERT_EQ(env_.tcp.sent.size(), 2u);
  EXPECT_EQ(env_.tcp.sent[1], env_.tcp.sent[0]);
  env_.tcp.Reply("");
  EXPECT_EQ(env_.timers.RunAll(), 0);
}

TEST_F(LogTest, LogglyFramesTheEntryAndLeavesOutWhatIsNotSevereEnough) {
  const Json config = {{"host", "h"},
                       {"port", 1},
                       {"key", "KEY"},
                       {"tags", {"one", "two"}},
                       {"log_level", "err"},
                       {"successful_severity", "info"},
                       {"client_errors_severity", "info"},
                       {"server_errors_severity", "crit"}};
  const auto loggly = env_.Make("loggly", config);
  loggly->OnLog(exchange_);
  EXPECT_TRUE(env_.datagrams.sent.empty());
  exchange_.status = 503;
  loggly->OnLog(exchange_);
  ASSERT_EQ(env_.datagrams.sent.size(), 1u);
  const std::string& sent = env_.datagrams.sent[0];
  EXPECT_TRUE(sent.starts_with("h:1 <10>1 2023-11-14T22:13:20Z ")) << sent;
  EXPECT_NE(sent.find(" kong - - [KEY@41058 tag=\"one\" tag=\"two\"] {\"status\":200}"),
            std::string::npos)
      << sent;
}

TEST_F(LogTest, SeveritiesFollowTheStatus) {
  const Severities severities({{"log_level", "warning"},
                               {"successful_severity", "debug"},
                               {"client_errors_severity", "warning"},
                               {"server_errors_severity", "emerg"}});
  EXPECT_EQ(severities.Of(200), std::nullopt);
  EXPECT_EQ(severities.Of(404), 4);
  EXPECT_EQ(severities.Of(500), 0);
}

}  // namespace
}  // namespace silverback::plugins
