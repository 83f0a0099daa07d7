#include "config/prefix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>

#include "config/files.h"

namespace silverback::config {
namespace {

using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

class PrefixTest : public testing::Test {
 protected:
  PrefixTest() : folder_(fs::temp_directory_path() / ("silverback-prefix-" + Pid())) {
    fs::create_directories(folder_);
    options_.module_dir = "/modules";
    options_.log = [this](LogLevel, const std::string& text) { log_ += text + "\n"; };
  }
  ~PrefixTest() override { fs::remove_all(folder_); }

  static std::string Pid() { return std::to_string(getpid()); }
  std::string Prefix() const { return folder_ / "prefix"; }
  std::string Read(const std::string& name) const {
    const auto text = ReadWholeFile(Prefix() + "/" + name);
    return text ? *text : "(none)";
  }

  Result<GatewayConf> Load(std::map<std::string, std::string> settings) {
    LoadOptions options;
    const std::string file = folder_ / "empty.conf";
    std::ofstream(file).flush();
    options.file = file;
    options.environment = {{"SECRET", "topsecret"}};
    options.overrides = {{"prefix", Prefix()},
                         {"proxy_listen", "127.0.0.1:18000"},
                         {"admin_listen", "127.0.0.1:18001"}};
    for (auto& [name, value] : settings) options.overrides[name] = value;
    return GatewayConf::Load(options);
  }

  void Prepare(std::map<std::string, std::string> settings) {
    const auto conf = Load(std::move(settings));
    ASSERT_TRUE(conf) << conf.error().message();
    const Status prepared = PreparePrefix(*conf, options_);
    ASSERT_TRUE(prepared) << prepared.error().message();
  }

  std::set<std::string> Files() const {
    std::set<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(Prefix())) {
      if (entry.is_regular_file()) files.insert(fs::relative(entry.path(), Prefix()));
    }
    return files;
  }

  mode_t Mode(const std::string& name) const {
    struct stat status {};
    return stat((Prefix() + "/" + name).c_str(), &status) == 0 ? status.st_mode & 0777 : 0;
  }

  fs::path folder_;
  PrefixOptions options_;
  std::string log_;
};

TEST_F(PrefixTest, HoldsWhatNginxNeeds) {
  Prepare({});
  EXPECT_EQ(Files(), (std::set<std::string>{".kong_env", "logs/access.log", "logs/admin_access.log",
                                            "logs/error.log", "nginx-kong-stream.conf",
                                            "nginx-kong.conf", "nginx.conf"}));
  EXPECT_TRUE(fs::is_directory(Prefix() + "/pids"));
  EXPECT_EQ(Mode(".kong_env"), 0640u);
  EXPECT_THAT(log_, HasSubstr("prefix directory " + Prefix() + " not found, trying to create it"));
  EXPECT_THAT(Read("nginx.conf"), HasSubstr("load_module /modules/silverback_http.so;"));
  EXPECT_THAT(Read("nginx.conf"), Not(HasSubstr("stream")));
  EXPECT_THAT(Read("nginx.conf"), Not(HasSubstr("worker_connections auto")));
  EXPECT_THAT(Read("nginx-kong.conf"), HasSubstr("listen 127.0.0.1:18000;"));
  EXPECT_THAT(Read("nginx-kong.conf"), Not(HasSubstr("lua_")));
  EXPECT_THAT(Read("nginx-kong.conf"), Not(HasSubstr("${{")));
}

TEST_F(PrefixTest, KeepsLogsAndCertificates) {
  Prepare({{"proxy_listen", "127.0.0.1:18443 ssl"}});
  std::ofstream(Prefix() + "/logs/error.log") << "old";
  const std::string certificate = Read("ssl/kong-default.crt");
  Prepare({{"proxy_listen", "127.0.0.1:18443 ssl"}});
  EXPECT_EQ(Read("logs/error.log"), "old");
  EXPECT_EQ(Read("ssl/kong-default.crt"), certificate);
}

TEST_F(PrefixTest, MakesCertificatesForTlsListeners) {
  Prepare({{"proxy_listen", "127.0.0.1:18443 ssl"},
           {"admin_listen", "127.0.0.1:18444 ssl"},
           {"status_listen", "127.0.0.1:18100 ssl"}});
  for (const std::string name : {"", "admin-", "status-"}) {
    for (const std::string kind : {"", "-ecdsa"}) {
      const std::string stem = "ssl/" + name + "kong-default" + kind;
      FILE* file = fopen((Prefix() + "/" + stem + ".crt").c_str(), "r");
      ASSERT_NE(file, nullptr) << stem;
      X509* certificate = PEM_read_X509(file, nullptr, nullptr, nullptr);
      fclose(file);
      ASSERT_NE(certificate, nullptr) << stem;
      EVP_PKEY* key = X509_get_pubkey(certificate);
      EXPECT_EQ(EVP_PKEY_get_base_id(key), kind.empty() ? EVP_PKEY_RSA : EVP_PKEY_EC);
      EXPECT_EQ(X509_verify(certificate, key), 1);
      EXPECT_EQ(X509_check_host(certificate, "localhost", 0, 0, nullptr), 1);
      EVP_PKEY_free(key);
      X509_free(certificate);
      EXPECT_EQ(Mode(stem + ".key"), 0600u);
    }
  }
  EXPECT_THAT(Read("ssl/ffdhe2048.pem"), HasSubstr("BEGIN DH PARAMETERS"));
  EXPECT_THAT(Read("nginx-kong.conf"), HasSubstr("ssl_dhparam " + Prefix() + "/ssl/ffdhe2048.pem"));
  const auto conf = GatewayConf::FromEnvFile(Prefix() + "/.kong_env");
  ASSERT_TRUE(conf) << conf.error().message();
  EXPECT_EQ(conf->List("ssl_cert").size(), 2u);
  EXPECT_EQ(conf->List("status_ssl_cert_key")[1], Prefix() + "/ssl/status-kong-default-ecdsa.key");
}

TEST_F(PrefixTest, InjectsDirectivesIntoTheirBlocks) {
  Prepare({{"nginx_http_client_header_timeout", "10s"},
           {"nginx_proxy_proxy_buffer_size", "16k"},
           {"nginx_admin_keepalive_timeout", "7s"},
           {"nginx_main_env", "FOO"},
           {"nginx_events_use", "epoll"},
           {"nginx_http_lua_shared_dict", "mine 1m"},
           {"trusted_ips", "10.0.0.0/8,unix:"}});
  const std::string kong = Read("nginx-kong.conf"), nginx = Read("nginx.conf");
  const size_t proxy = kong.find("server_name kong;"), admin = kong.find("server_name kong_admin");
  EXPECT_LT(kong.find("client_header_timeout 10s;"), proxy);
  EXPECT_GT(kong.find("proxy_buffer_size 16k;"), proxy);
  EXPECT_LT(kong.find("proxy_buffer_size 16k;"), admin);
  EXPECT_LT(kong.find("set_real_ip_from unix:;"), admin);
  EXPECT_GT(kong.find("keepalive_timeout 7s;"), admin);
  EXPECT_THAT(nginx, HasSubstr("env FOO;"));
  EXPECT_THAT(nginx, HasSubstr("    use epoll;"));
  EXPECT_THAT(kong, Not(HasSubstr("lua_shared_dict")));
}

TEST_F(PrefixTest, CustomTemplatesRender) {
  options_.nginx_template = folder_ / "custom.template";
  std::ofstream(options_.nginx_template)
      << "# custom ${{LOG_LEVEL}}\n> if #stream_listeners == 0 then\nhttp { include "
         "'nginx-kong.conf'; }\n> end\n";
  Prepare({});
  EXPECT_EQ(Read("nginx.conf"),
            "load_module /modules/silverback_http.so;\n# custom notice\n"
            "http { include 'nginx-kong.conf'; }\n");
  options_.nginx_template = "nope.template";
  EXPECT_EQ(PreparePrefix(*Load({}), options_).error().message(), "no such file: nope.template");
}

TEST_F(PrefixTest, RefusesAFileInItsPlace) {
  std::ofstream(Prefix()) << "x";
  EXPECT_EQ(PreparePrefix(*Load({}), options_).error().message(), Prefix() + " is not a directory");
}

TEST_F(PrefixTest, SecretsAreNotWrittenInClear) {
  Prepare({{"pg_password", "{vault://env/secret}"}});
  EXPECT_THAT(Read(".kong_env"), HasSubstr("pg_password = {vault://env/secret}\n"));
  for (const std::string& file : Files()) EXPECT_THAT(Read(file), Not(HasSubstr("topsecret")));
  EXPECT_EQ(Mode(".kong_process_secrets"), 0600u);
  // The reader's environment holds no SECRET.
  const auto conf = GatewayConf::FromEnvFile(Prefix() + "/.kong_env");
  ASSERT_TRUE(conf) << conf.error().message();
  EXPECT_EQ(conf->String("pg_password"), "topsecret");
  Prepare({{"pg_password", "plain"}});
  EXPECT_FALSE(fs::exists(Prefix() + "/.kong_process_secrets"));
  std::ofstream(Prefix() + "/.kong_process_secrets") << "garbage";
  EXPECT_TRUE(GatewayConf::FromEnvFile(Prefix() + "/.kong_env"));
}

TEST_F(PrefixTest, TrustedCertificatesAreJoined) {
  const std::string a = folder_ / "a.crt", b = folder_ / "b.crt";
  std::ofstream(a) << "A\n";
  std::ofstream(b) << "B\n";
  Prepare({{"lua_ssl_trusted_certificate", a + "," + b}});
  EXPECT_EQ(Read(".ca_combined"), "A\n\nB\n\n");
}

}  // namespace
}  // namespace silverback::config
