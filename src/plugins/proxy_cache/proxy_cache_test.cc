#include <gtest/gtest.h>

#include "plugins/proxy_cache/cache_control.h"
#include "plugins/proxy_cache/cache_key.h"
#include "plugins/proxy_cache/cached_response.h"
#include "support/fake_env.h"
#include "support/fake_exchange.h"

namespace silverback::plugins {
namespace {

using plugin::Next;

class ProxyCacheTest : public ::testing::Test {
 protected:
  void Configure(const Json& changes = Json::object()) {
    Json config = {{"request_method", {"GET", "HEAD"}},
                   {"response_code", {200, 301}},
                   {"content_type", {"text/plain"}},
                   {"cache_ttl", 300},
                   {"cache_control", false},
                   {"memory", {{"dictionary_name", "kong_db_cache"}}}};
    config.update(changes);
    plugin_ = env_.Make("proxy-cache", config);
    ASSERT_TRUE(plugin_);
  }

  // One request that the service answers, unless the plugin does; gives X-Cache-Status.
  std::string Ask(plugin::Headers request = {}, plugin::Headers response = {},
                  const std::string& body = "hello") {
    exchange_ = std::make_unique<test::FakeExchange>();
    exchange_->method = method_;
    exchange_->path = path_;
    exchange_->query = query_;
    exchange_->request_headers = std::move(request);
    if (plugin_->OnAccess(*exchange_) == Next::kRespond)
      return exchange_->Response("X-Cache-Status");
    exchange_->AddResponseHeader("Content-Type", "text/plain");
    for (const auto& [name, value] : response) exchange_->AddResponseHeader(name, value);
    plugin_->OnHeaderFilter(*exchange_);
    std::string piece = body.substr(0, 2), rest = body.substr(2);
    plugin::BodyChunk first{&piece, false}, last{&rest, true};
    plugin_->OnBodyFilter(*exchange_, first);
    plugin_->OnBodyFilter(*exchange_, last);
    return exchange_->Response("X-Cache-Status");
  }

  test::FakeEnv env_;
  std::unique_ptr<plugin::Plugin> plugin_;
  std::unique_ptr<test::FakeExchange> exchange_;
  std::string method_ = "GET", path_ = "/a", query_;
};

TEST_F(ProxyCacheTest, AnswersAgain) {
  Configure();
  EXPECT_EQ(Ask({}, {{"X-Two", "1"},
                     {"X-Two", "2"},
                     {"Connection", "close"},
                     {"X-RateLimit-Remaining-Hour", "3"}}),
            "Miss");
  const std::string key = exchange_->Response("X-Cache-Key");
  EXPECT_EQ(key.size(), 32u);
  env_.time += 7;
  EXPECT_EQ(Ask(), "Hit");
  EXPECT_EQ(exchange_->answer->body, "hello");
  EXPECT_TRUE(exchange_->answer->replayed);
  EXPECT_EQ(exchange_->AnswerHeader("Content-Type"), "text/plain");
  EXPECT_EQ(exchange_->Response("Age"), "7");
  EXPECT_EQ(exchange_->Response("X-Cache-Key"), key);
  EXPECT_EQ(exchange_->ResponseHeaderValues("X-Two").size(), 2u);
  EXPECT_FALSE(exchange_->ResponseHeader("Connection"));
  EXPECT_FALSE(exchange_->ResponseHeader("X-RateLimit-Remaining-Hour"));
}

TEST_F(ProxyCacheTest, KeepsOnlyWhatIsConfigured) {
  Configure();
  method_ = "POST";
  EXPECT_EQ(Ask(), "Bypass");
  method_ = "HEAD";
  EXPECT_EQ(Ask(), "Miss");
  EXPECT_EQ(Ask(), "Miss");
  method_ = "GET";
  EXPECT_EQ(Ask({}, {{"Content-Type", "x/y"}}), "Miss");
  Configure({{"response_code", {201}}});
  env_.dictionary.Clear();
  EXPECT_EQ(Ask(), "Bypass");
  Configure({{"content_type", {"x/y"}}});
  EXPECT_EQ(Ask(), "Bypass");
  EXPECT_TRUE(env_.dictionary.entries.empty());
}

TEST_F(ProxyCacheTest, WhatIsTooOldIsFetchedAnew) {
  Configure({{"storage_ttl", 1000}});
  EXPECT_EQ(Ask(), "Miss");
  env_.time += 300;
  EXPECT_EQ(Ask(), "Hit");
  env_.time += 1;
  EXPECT_EQ(Ask(), "Refresh");
  EXPECT_EQ(Ask(), "Hit");
  Configure();
  env_.dictionary.Clear();
  EXPECT_EQ(Ask(), "Miss");
  env_.time += 301;
  EXPECT_EQ(Ask(), "Miss");
}

TEST_F(ProxyCacheTest, HeedsCacheControl) {
  Configure({{"cache_control", true}, {"storage_ttl", 1000}});
  EXPECT_EQ(Ask(), "Bypass");
  for (const char* told : {"private, max-age=60", "no-store", "no-cache", "max-age=0", "max-age=x"})
    EXPECT_EQ(Ask({}, {{"Cache-Control", told}}), "Bypass") << told;
  EXPECT_EQ(Ask({}, {{"Expires", "Tue, 14 Nov 2023 22:13:20 GMT"}}), "Bypass");
  EXPECT_EQ(Ask({{"Cache-Control", "only-if-cached"}}), "");
  EXPECT_EQ(exchange_->answer->status, 504);
  EXPECT_EQ(Ask({}, {{"Cache-Control", "max-age=0, s-maxage=60"}}), "Miss");
  env_.time += 20;
  EXPECT_EQ(Ask({{"Cache-Control", "no-cache"}}), "Bypass");
  EXPECT_EQ(Ask({{"Cache-Control", "max-age=20, min-fresh=40"}}), "Hit");
  EXPECT_EQ(Ask({{"Cache-Control", "min-fresh=41"}}, {{"Cache-Control", "no-store"}}), "Bypass");
  EXPECT_EQ(Ask({{"Cache-Control", "MAX-AGE=19"}}, {{"Cache-Control", "max-age=10"}}), "Refresh");
  env_.time += 15;
  EXPECT_EQ(Ask({{"Cache-Control", "max-stale=5"}}), "Hit");
  env_.time += 1;
  EXPECT_EQ(Ask({{"Cache-Control", "max-stale=5"}}, {{"Expires", "Wed, 15 Nov 2023 22:13:20 GMT"}}),
            "Refresh");
  EXPECT_EQ(Ask(), "Hit");
}

TEST_F(ProxyCacheTest, KeysTellRequestsApart) {
  Configure();
  std::set<std::string> keys;
  const auto key = [&](const Json& config, const std::string& query, plugin::Headers headers = {}) {
    Configure(config);
    query_ = query;
    env_.dictionary.Clear();
    Ask(std::move(headers));
    return exchange_->Response("X-Cache-Key");
  };
  EXPECT_EQ(key(Json::object(), "x=1&y=2"), key(Json::object(), "y=2&x=1"));
  EXPECT_EQ(key(Json::object(), "x=1&x=2"), key(Json::object(), "x=2&x=1"));
  EXPECT_NE(key(Json::object(), "x=1"), key(Json::object(), "x=2"));
  EXPECT_NE(key(Json::object(), "x"), key(Json::object(), "x=true"));
  const Json vary = {{"vary_query_params", {"a"}}, {"vary_headers", {"X-Lang"}}};
  EXPECT_EQ(key(vary, "a=1&b=2"), key(vary, "a=1"));
  EXPECT_NE(key(vary, "a=1"), key(vary, "a=2"));
  EXPECT_NE(key(vary, "a=1", {{"X-Lang", "en"}}), key(vary, "a=1"));
  EXPECT_EQ(key(vary, "a=1", {{"x-lang", "en"}}), key(vary, "a=1", {{"X-Lang", "en"}}));
}

TEST_F(ProxyCacheTest, WhatIsTooLargeIsNotKept) {
  Configure();
  EXPECT_EQ(Ask({}, {}, std::string(1000, 'x')), "Miss");
  EXPECT_TRUE(env_.dictionary.entries.empty());
  EXPECT_EQ(env_.log.lines.size(), 1u);
}

TEST_F(ProxyCacheTest, AnUnknownDictionaryIsAnError) {
  EXPECT_EQ(env_.Make("proxy-cache", {{"memory", {{"dictionary_name", "nope"}}}}), nullptr);
}

TEST(CachedResponses, AreDescribedForTheAdminApi) {
  CachedResponse response;
  response.headers = {{"Content-Type", "text/plain"}, {"X-Two", "1"}, {"X-Two", "\xff"}};
  response.body = "abc";
  response.request_body = "";
  response.stored_at = 5;
  response.ttl = 300;
  const auto again = CachedResponse::Decode(response.Encode());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->headers, response.headers);
  EXPECT_EQ(again->Describe(),
            (Json{{"status", 200},
                  {"version", 1},
                  {"body", "abc"},
                  {"body_len", 3},
                  {"headers", {{"content-type", "text/plain"}, {"X-Two", {"1", "\xff"}}}},
                  {"req_body", ""},
                  {"timestamp", 5},
                  {"ttl", 300}}));
  EXPECT_FALSE(CachedResponse::Decode("garbage garbage"));
  EXPECT_FALSE(CachedResponse::Decode(""));
}

}  // namespace
}  // namespace silverback::plugins
