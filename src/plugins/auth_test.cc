// key-auth, basic-auth, acl and ip-restriction, as a request meets them.
#include <gtest/gtest.h>

#include "support/fake_env.h"
#include "support/fake_exchange.h"
#include "util/string_util.h"

namespace silverback::plugins {
namespace {

using plugin::Next;

class AuthTest : public ::testing::Test {
 protected:
  void SetUp() override {
    env_.entities.Add("consumers", {{"id", "c1"}, {"username", "ann"}});
    env_.entities.Add("consumers", {{"id", "c2"}, {"username", "guest"}});
    env_.entities.Add("keyauth_credentials",
                      {{"id", "k1"}, {"key", "secret"}, {"consumer", {{"id", "c1"}}}});
    env_.entities.Add("acls", {{"id", "a1"}, {"group", "ops"}, {"consumer", {{"id", "c1"}}}});
    env_.entities.Add("acls", {{"id", "a2"}, {"group", "blocked"}, {"consumer", {{"id", "c1"}}}});
  }
  Json KeyConfig(Json more = Json::object()) {
    Json config = {{"key_names", {"apikey"}}, {"hide_credentials", false},
                   {"key_in_header", true},   {"key_in_query", true},
                   {"key_in_body", false},    {"run_on_preflight", true}};
    config.update(more);
    return config;
  }
  Next Access(std::string_view name, const Json& config) {
    return env_.Make(name, config)->OnAccess(exchange_);
  }

  test::FakeEnv env_;
  test::FakeExchange exchange_;
};

TEST_F(AuthTest, AKeyIdentifiesItsConsumer) {
  exchange_.request_headers = {{"ApiKey", "secret"}};
  EXPECT_EQ(Access("key-auth", KeyConfig()), Next::kContinue);
  EXPECT_EQ(StringMember(*exchange_.consumer(), "username"), "ann");
  EXPECT_EQ(StringMember(*exchange_.credential(), "id"), "k1");
}

TEST_F(AuthTest, RefusalsTellWhy) {
  EXPECT_EQ(Access("key-auth", KeyConfig()), Next::kRespond);
  EXPECT_EQ(exchange_.answer->message, "No API key found in request");
  EXPECT_EQ(exchange_.Response("WWW-Authenticate"), "Key realm=\"kong\"");
  exchange_.query = "apikey=wrong";
  Access("key-auth", KeyConfig());
  EXPECT_EQ(exchange_.answer->message, "Invalid authentication credentials");
  exchange_.query = "apikey=a&apikey=b";
  Access("key-auth", KeyConfig());
  EXPECT_EQ(exchange_.answer->message, "Duplicate API key found");
}

TEST_F(AuthTest, TheAnonymousConsumerTakesWhatFails) {
  EXPECT_EQ(Access("key-auth", KeyConfig({{"anonymous", "guest"}})), Next::kContinue);
  EXPECT_TRUE(exchange_.anonymous);
  EXPECT_EQ(StringMember(*exchange_.consumer(), "id"), "c2");
  EXPECT_EQ(Access("key-auth", KeyConfig({{"anonymous", "nobody"}})), Next::kRespond);
  EXPECT_EQ(exchange_.answer->status, 500);
}

TEST_F(AuthTest, HiddenCredentialsLeaveNoTrace) {
  exchange_.request_headers = {{"apikey", "secret"}};
  exchange_.query = "a=1&apikey=secret&b=2";
  EXPECT_EQ(Access("key-auth", KeyConfig({{"hide_credentials", true}})), Next::kContinue);
  EXPECT_EQ(exchange_.Header("apikey"), "");
  EXPECT_EQ(exchange_.query, "a=1&b=2");
}

TEST_F(AuthTest, AKeyInTheBodyIsFoundAndHidden) {
  exchange_.request_headers = {{"content-type", "application/json"}};
  exchange_.body = R"({"apikey":"secret","k":[1]})";
  EXPECT_EQ(Access("key-auth", KeyConfig({{"key_in_body", true}, {"hide_credentials", true}})),
            Next::kSuspend);
  EXPECT_EQ(exchange_.resumed, 1);
  EXPECT_FALSE(exchange_.resumed_with_answer);
  EXPECT_EQ(exchange_.new_body, R"({"k":[1]})");
}

TEST_F(AuthTest, WhatIsLeftBesideAHiddenKeyIsWrittenAnew) {
  const Json config = KeyConfig(
      {{"key_names", {"apikey", "other"}}, {"key_in_body", true}, {"hide_credentials", true}});
  exchange_.request_headers = {{"apikey", "secret"},
                               {"other", "kept"},
                               {"content-type", "application/x-www-form-urlencoded"}};
  exchange_.query = "foo=1&foo2=%41&b&apikey=x&b=c";
  exchange_.body = "z=1&apikey=x&a=%20";
  EXPECT_EQ(Access("key-auth", config), Next::kSuspend);
  EXPECT_EQ(exchange_.query, "b&b=c&foo2=A&foo=1");
  EXPECT_EQ(exchange_.new_body, "a=%20&z=1");
  EXPECT_EQ(exchange_.Header("other"), "kept");
  exchange_.request_headers = {{"apikey", "secret"},
                               {"content-type", "multipart/form-data; boundary=B"}};
  exchange_.body =
      "--B\r\nContent-Disposition: form-data; name=\"z\"\r\nX: y\r\n\r\n1\r\n"
      "--B\r\nContent-Disposition: form-data; name=\"apikey\"\r\n\r\nx\r\n--B--\r\n";
  Access("key-auth", config);
  EXPECT_EQ(exchange_.new_body,
            "--B\r\nContent-Disposition: form-data; name=\"z\"\r\n\r\n1\r\n--B--\r\n");
}

TEST_F(AuthTest, OriginsAreComparedAsTheyAreWritten) {
  const Json config = {{"origins", {"http://a.test", "http://b.test:81"}}, {"methods", nullptr}};
  const auto plugin = env_.Make("cors", config);
  for (const auto& [origin, allowed] : std::initializer_list<std::pair<const char*, const char*>>{
           {"http://a.test:80", "http://a.test"},
           {"http://me@b.test:81/x", "http://b.test:81"},
           {"http://A.test", ""},
           {"HTTP://a.test", ""}}) {
    exchange_.request_headers = {{"Origin", origin}};
    plugin->OnHeaderFilter(exchange_);
    EXPECT_EQ(exchange_.Response("Access-Control-Allow-Origin"), allowed) << origin;
  }
  exchange_.method = "OPTIONS";
  exchange_.request_headers = {{"Origin", "x"}, {"Access-Control-Request-Method", "PUT"}};
  EXPECT_EQ(plugin->OnAccess(exchange_), Next::kRespond);
  EXPECT_EQ(exchange_.Response("Access-Control-Allow-Methods"),
            "GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS,TRACE,CONNECT");
}

TEST_F(AuthTest, GroupsDecide) {
  exchange_.request_headers = {{"apikey", "secret"}};
  Access("key-auth", KeyConfig());
  EXPECT_EQ(Access("acl", {{"allow", {"ops"}}}), Next::kContinue);
  EXPECT_EQ(exchange_.Header("X-Consumer-Groups"), "blocked, ops");
  EXPECT_EQ(Access("acl", {{"deny", {"blocked"}}}), Next::kRespond);
  EXPECT_EQ(exchange_.answer->status, 403);
}

TEST_F(AuthTest, WithoutConsumerThereIsNothingToJudge) {
  EXPECT_EQ(Access("acl", {{"deny", {"blocked"}}}), Next::kRespond);
  EXPECT_EQ(exchange_.answer->status, 401);
  exchange_.Shared()["authenticated_groups"] = {"x", "ops"};
  EXPECT_EQ(Access("acl", {{"allow", {"ops"}}}), Next::kContinue);
  EXPECT_EQ(exchange_.Header("X-Authenticated-Groups"), "x, ops");
}

TEST_F(AuthTest, AUserNameAndAPasswordIdentifyTheirConsumer) {
  // SHA-1 of "pwc1"
  env_.entities.Add("basicauth_credentials", {{"id", "b1"},
                                              {"username", "al"},
                                              {"password", ToHex(Sha1("pwc1"))},
                                              {"consumer", {{"id", "c1"}}}});
  const Json config = {{"hide_credentials", true}};
  EXPECT_EQ(Access("basic-auth", config), Next::kRespond);
  EXPECT_EQ(exchange_.answer->message, "Unauthorized");
  EXPECT_EQ(exchange_.AnswerHeader("WWW-Authenticate"), "Basic realm=\"kong\"");
  for (const std::string& wrong : {"Basic " + Base64Encode("al:no"), "Basic " + Base64Encode("al"),
                                   "BASIC " + Base64Encode("al:pw"), std::string("Basic !!"),
                                   std::string("asic"), std::string("")}) {
    exchange_.request_headers = {{"Authorization", wrong}};
    EXPECT_EQ(Access("basic-auth", config), Next::kRespond) << wrong;
    EXPECT_EQ(exchange_.answer->message, "Invalid authentication credentials");
  }
  exchange_.request_headers = {{"Authorization", "basic " + Base64Encode("al:pw")}};
  EXPECT_EQ(Access("basic-auth", config), Next::kContinue);
  EXPECT_EQ(StringMember(*exchange_.consumer(), "username"), "ann");
  EXPECT_EQ(exchange_.Header("Authorization"), "");
}

TEST_F(AuthTest, AddressesPassOrDoNot) {
  const Json config = {{"allow", {"10.0.0.0/8", "::1", "fe80::/10"}}, {"deny", {"10.2.0.0/15"}}};
  for (const char* ip : {"10.0.0.1", "10.4.5.6", "::1", "febf::1"}) {
    exchange_.client_ip = ip;
    EXPECT_EQ(Access("ip-restriction", config), Next::kContinue) << ip;
  }
  for (const char* ip : {"11.0.0.1", "10.3.2.3", "10.0.255.255.1", "::2", "fec0::1", "unix:"}) {
    exchange_.client_ip = ip;
    EXPECT_EQ(Access("ip-restriction", config), Next::kRespond) << ip;
    EXPECT_EQ(exchange_.answer->status, 403);
  }
  exchange_.client_ip = "10.3.255.255";
  EXPECT_EQ(
      Access("ip-restriction", {{"deny", {"10.2.0.0/15"}}, {"status", 418}, {"message", "m"}}),
      Next::kRespond);
  EXPECT_EQ(exchange_.answer->status, 418);
  EXPECT_EQ(exchange_.answer->message, "m");
}

TEST_F(AuthTest, LargeBodiesAreRefused) {
  const Json config = {{"allowed_payload_size", 10}, {"size_unit", "bytes"}};
  exchange_.request_headers = {{"Content-Length", "10"}};
  EXPECT_EQ(Access("request-size-limiting", config), Next::kContinue);
  exchange_.request_headers = {{"Content-Length", "11"}};
  EXPECT_EQ(Access("request-size-limiting", config), Next::kRespond);
  EXPECT_EQ(exchange_.answer->status, 413);
  exchange_.request_headers = {{"Content-Length", "11"}, {"Expect", "100-continue"}};
  EXPECT_EQ(Access("request-size-limiting", config), Next::kRespond);
  EXPECT_EQ(exchange_.answer->status, 417);
  exchange_.request_headers = {{"Transfer-Encoding", "chunked"}};
  exchange_.body = "hello world";
  EXPECT_EQ(Access("request-size-limiting", config), Next::kSuspend);
  EXPECT_TRUE(exchange_.resumed_with_answer);
  exchange_.request_headers = {};
  EXPECT_EQ(Access("request-size-limiting", {{"require_content_length", true}}), Next::kRespond);
  EXPECT_EQ(exchange_.answer->status, 411);
}

TEST_F(AuthTest, CrawlersAreRefusedUnlessAllowed) {
  const auto plugin = env_.Make(
      "bot-detection", {{"allow", {"^curl", "Googlebot"}}, {"deny", {"Mozilla", "evil\\d"}}});
  for (const auto& [agent, next] : std::initializer_list<std::pair<const char*, Next>>{
           {"curl/8 spider", Next::kContinue},  {"Googlebot/2.1", Next::kContinue},
           {"Mozilla/5.0", Next::kRespond},     {"evil7", Next::kRespond},
           {"Twitterbot/1.0", Next::kRespond},  {"  Scrapy  ", Next::kRespond},
           {"x/fetchurl 1", Next::kRespond},    {"Go-http-client/1.1", Next::kRespond},
           {"scalaj-http/2.4", Next::kRespond}, {"axios/0.21.1", Next::kRespond},
           {"Boto3/1.9.1", Next::kRespond},     {"aws-cli/1.18", Next::kRespond},
           {"aws-cli", Next::kContinue},        {"x PTST/211", Next::kRespond},
           {"PTST/211 x", Next::kContinue},     {"EDI/1", Next::kRespond},
           {"xEDI/1", Next::kContinue},         {"EDI", Next::kContinue},
           {"Cubot", Next::kContinue},          {"", Next::kContinue}}) {
    exchange_.request_headers = {{"User-Agent", agent}};
    EXPECT_EQ(plugin->OnAccess(exchange_), next) << agent;
  }
  exchange_.request_headers = {{"User-Agent", "a"}, {"User-Agent", "b"}};
  EXPECT_EQ(plugin->OnAccess(exchange_), Next::kRespond);
  EXPECT_EQ(exchange_.answer->status, 400);
}

}  // namespace
}  // namespace silverback::plugins
