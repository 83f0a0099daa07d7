#include "config/gateway_conf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <filesystem>
#include <fstream>

namespace silverback::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

class GatewayConfTest : public testing::Test {
 protected:
  GatewayConfTest() {
    folder_ = fs::temp_directory_path() / ("silverback-conf-" + std::to_string(getpid()));
    fs::create_directories(folder_);
  }
  ~GatewayConfTest() override { fs::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = folder_ / name;
    std::ofstream(path) << text;
    return path;
  }

  Result<GatewayConf> Load(const std::string& text,
                           std::map<std::string, std::string> environment = {}) {
    LoadOptions options;
    options.file = Write("kong.conf", text);
    options.environment = std::move(environment);
    options.overrides = {{"prefix", folder_ / "prefix"}};
    options.log = [this](LogLevel level, const std::string& message) {
      if (level == LogLevel::kWarning) warnings_ += message + "\n";
      log_ += message + "\n";
    };
    return GatewayConf::Load(options);
  }

  // The mistakes, one a line.
  std::string Mistakes(const std::string& text,
                       std::map<std::string, std::string> environment = {}) {
    const auto conf = Load(text, std::move(environment));
    if (conf) return "";
    if (!conf.error().fields().is_array()) return conf.error().message();
    std::string lines;
    for (const Json& mistake : conf.error().fields()) {
      lines += (lines.empty() ? "" : "\n") + mistake.get<std::string>();
    }
    return lines;
  }

  fs::path folder_;
  std::string log_, warnings_;
};

TEST_F(GatewayConfTest, HasKongsDefaults) {
  const auto conf = Load("");
  ASSERT_TRUE(conf) << conf.error().message();
  EXPECT_EQ(conf->database(), "sqlite");
  EXPECT_EQ(conf->plugins().size(), 36u);
  EXPECT_EQ(conf->Number("pg_port"), 5432);
  EXPECT_EQ(conf->String("log_level"), "notice");
  EXPECT_TRUE(conf->Bool("anonymous_reports"));
  EXPECT_THAT(conf->List("dns_order"), ElementsAre("LAST", "SRV", "A", "CNAME"));
  EXPECT_EQ(conf->listeners("proxy_listen")[1].listen,
            "0.0.0.0:8443 ssl http2 reuseport backlog=16384");
  EXPECT_TRUE(conf->HeaderEnabled("Via"));
  EXPECT_FALSE(conf->HeaderEnabled("X-Kong-Upstream-Status"));
}

TEST_F(GatewayConfTest, EnvironmentWinsOverFile) {
  const auto conf =
      Load("log_level = info\nplugins = cors\ndatabase = off\n", {{"KONG_LOG_LEVEL", " debug "},
                                                                  {"KONG_PLUGINS", "bundled, mine"},
                                                                  {"KONG_database", "mysql"}});
  ASSERT_TRUE(conf) << conf.error().message();
  EXPECT_EQ(conf->String("log_level"), "debug");
  EXPECT_EQ(conf->plugins().size(), 37u);
  EXPECT_EQ(conf->database(), "off");
}

TEST_F(GatewayConfTest, EmptyVariableUnsets) {
  EXPECT_EQ(Mistakes("", {{"KONG_DATABASE", ""}}),
            "database has an invalid value: 'nil' (postgres, cassandra, off)");
  const auto conf = Load("pg_password = x\n", {{"KONG_PG_PASSWORD", ""}});
  ASSERT_TRUE(conf);
  EXPECT_TRUE(conf->values()["pg_password"].is_null());
}

TEST_F(GatewayConfTest, ChoosesTheDatabase) {
  EXPECT_EQ(Load("cassandra_port = 1\n")->database(), "sqlite");
  EXPECT_EQ(Load("pg_host = db\n")->database(), "postgres");
  EXPECT_EQ(Load("", {{"KONG_PG_PORT", "5433"}})->database(), "postgres");
  EXPECT_EQ(Load("pg_host = db\ndatabase = sqlite\n")->database(), "sqlite");
  EXPECT_EQ(Load("database = cassandra\n")->database(), "cassandra");
}

TEST_F(GatewayConfTest, InjectsDirectivesFromFileAndEnvironment) {
  const auto conf = Load(
      "nginx_http_lua_shared_dict = custom 1m\nnginx_upstream_keepalive = 5\n"
      "nginx_proxy_set = NONE\n",
      {{"KONG_NGINX_HTTP_CLIENT_HEADER_TIMEOUT", "10s"}, {"KONG_NGINX_DAEMON", "off"}});
  ASSERT_TRUE(conf) << conf.error().message();
  std::string http;
  for (const auto& [name, value] : conf->injected("nginx_http_directives")) {
    http += name + " " + value + ";";
  }
  EXPECT_THAT(http, HasSubstr("client_body_buffer_size 8k;client_header_timeout 10s;"));
  EXPECT_THAT(http, HasSubstr("lua_shared_dict custom 1m;"));
  EXPECT_TRUE(conf->injected("nginx_upstream_directives").empty());
  EXPECT_EQ(conf->injected("nginx_proxy_directives").size(), 2u);
  EXPECT_EQ(conf->injected("nginx_main_directives")[0].value, "off");
}

TEST_F(GatewayConfTest, OldNamesWarnAndCount) {
  const auto conf = Load(
      "upstream_keepalive = 10\nclient_max_body_size = 1m\n"
      "nginx_http_upstream_keepalive_timeout = 5m\nreal_ip_header = X-Forwarded-For\n");
  ASSERT_TRUE(conf) << conf.error().message();
  EXPECT_EQ(conf->Number("upstream_keepalive_pool_size"), 10);
  EXPECT_EQ(conf->Number("upstream_keepalive_idle_timeout"), 300);
  EXPECT_EQ(conf->String("nginx_http_client_max_body_size"), "1m");
  EXPECT_EQ(conf->String("nginx_proxy_real_ip_header"), "X-Forwarded-For");
  EXPECT_THAT(warnings_, HasSubstr("the 'upstream_keepalive' configuration property is "
                                   "deprecated, use 'upstream_keepalive_pool_size' instead"));
  EXPECT_THAT(warnings_, testing::Not(HasSubstr("'nginx_upstream_keepalive'")));
}

TEST_F(GatewayConfTest, ReportsEveryMistake) {
  EXPECT_EQ(Mistakes("ssl_cert = nope.crt\n"),
            "ssl_cert_key must be specified\nssl_cert: no such file at nope.crt");
  EXPECT_EQ(Mistakes("headers = via, nope\nport_maps = 80:8000, x\n"),
            "invalid port mapping (`port_maps`): x\nheaders: invalid entry 'nope'");
  EXPECT_EQ(Mistakes("pg_semaphore_timeout = soon\n"), "pg_semaphore_timeout must be a number");
  EXPECT_EQ(Mistakes("pg_port = abc\n"), "");
  EXPECT_EQ(Mistakes("dns_order =\n"), "Invalid order list; cannot be empty");
}

TEST_F(GatewayConfTest, FollowsReferences) {
  const auto conf = Load("pg_password = {vault://env/pw/key}\nlog_level = {vault://env/my-level}\n",
                         {{"PW", R"({"key":"secret"})"}, {"MY_LEVEL", "warn"}});
  ASSERT_TRUE(conf) << conf.error().message();
  EXPECT_EQ(conf->String("pg_password"), "secret");
  EXPECT_EQ(conf->String("log_level"), "warn");
  EXPECT_EQ(conf->Shown()["pg_password"], "******");
  EXPECT_EQ(conf->Shown()["log_level"], "{vault://env/my-level}");
  EXPECT_THAT(conf->ToEnvFile(), testing::Not(HasSubstr("secret")));
  EXPECT_THAT(log_, testing::Not(HasSubstr("secret\"")));
  EXPECT_THAT(Mistakes("log_level = {vault://env/none}\n"),
              HasSubstr("failed to dereference '{vault://env/none}'"));
  EXPECT_NE(Mistakes("log_level = {vault://nope/x}\n"), "");
}

TEST_F(GatewayConfTest, EnvFileRoundTrips) {
  const auto conf = Load(
      "pg_password = a\\#b\\\nport_maps = 80:8000\nplugins =\npg_ssl = on\n"
      "worker_state_update_frequency = 0.1\nproxy_listen = [::1]:8000 ssl, localhost:9000\n"
      "nginx_http_x = \"a b\" c\n");
  ASSERT_TRUE(conf) << conf.error().message();
  const auto again = GatewayConf::FromEnvFile(Write("env", conf->ToEnvFile()));
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(conf->values(), again->values());
  EXPECT_EQ(conf->plugins(), again->plugins());
  EXPECT_EQ(conf->ToEnvFile(), again->ToEnvFile());
  EXPECT_EQ(conf->values().dump(), again->values().dump());
}

}  // namespace
}  // namespace silverback::config
