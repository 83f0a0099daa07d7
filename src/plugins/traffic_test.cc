// rate-limiting, cors, correlation-id, request-termination and http-log, as a request meets them.
#include <gtest/gtest.h>

#include "plugins/cors/origin.h"
#include "plugins/limits/windows.h"
#include "support/fake_env.h"
#include "support/fake_exchange.h"

namespace silverback::plugins {
namespace {

using plugin::Next;

class TrafficTest : public ::testing::Test {
 protected:
  test::FakeEnv env_;
  test::FakeExchange exchange_;
};

TEST_F(TrafficTest, CountsDownAndRefuses) {
  const auto plugin = env_.Make("rate-limiting", {{"hour", 2}, {"day", 10}, {"policy", "local"}});
  EXPECT_EQ(plugin->OnAccess(exchange_), Next::kContinue);
  EXPECT_EQ(exchange_.Response("RateLimit-Remaining"), "1");
  EXPECT_EQ(exchange_.Response("X-RateLimit-Remaining-Day"), "9");
  EXPECT_EQ(plugin->OnAccess(exchange_), Next::kContinue);
  EXPECT_EQ(plugin->OnAccess(exchange_), Next::kRespond);
  EXPECT_EQ(exchange_.answer->status, 429);
  EXPECT_EQ(exchange_.AnswerHeader("RateLimit-Limit"), "2");
  EXPECT_EQ(exchange_.AnswerHeader("X-RateLimit-Remaining-Day"), "8");
  EXPECT_EQ(exchange_.AnswerHeader("Retry-After"), exchange_.AnswerHeader("RateLimit-Reset"));
}

TEST_F(TrafficTest, ANewWindowStartsAnew) {
  const auto plugin = env_.Make("rate-limiting", {{"second", 1}, {"policy", "local"}});
  EXPECT_EQ(plugin->OnAccess(exchange_), Next::kContinue);
  EXPECT_EQ(plugin->OnAccess(exchange_), Next::kRespond);
  env_.time += 1;
  EXPECT_EQ(plugin->OnAccess(exchange_), Next::kContinue);
}

TEST_F(TrafficTest, CountsSeparatelyByHeaderAndTogetherByPath) {
  const auto by_header =
      env_.Make("rate-limiting", {{"day", 1}, {"limit_by", "header"}, {"header_name", "X-Who"}});
  exchange_.request_headers = {{"X-Who", "ann"}};
  EXPECT_EQ(by_header->OnAccess(exchange_), Next::kContinue);
  EXPECT_EQ(by_header->OnAccess(exchange_), Next::kRespond);
  exchange_.request_headers = {{"X-Who", "bob"}};
  EXPECT_EQ(by_header->OnAccess(exchange_), Next::kContinue);
}

TEST_F(TrafficTest, HiddenHeadersDoNotHideTheRefusal) {
  const auto plugin = env_.Make("rate-limiting", {{"day", 1}, {"hide_client_headers", true}});
  plugin->OnAccess(exchange_);
  EXPECT_TRUE(exchange_.response_headers.empty());
  EXPECT_EQ(plugin->OnAccess(exchange_), Next::kRespond);
  EXPECT_TRUE(exchange_.answer->headers.empty());
}

TEST(Windows, MonthsAndYearsFollowTheCalendar) {
  constexpr int64_t kNow = 1700000000;  // 2023-11-14T22:13:20Z
  EXPECT_EQ(WindowStart(kWindows[3], kNow), 1699920000);
  EXPECT_EQ(WindowStart(kWindows[4], kNow), 1698796800);
  EXPECT_EQ(WindowStart(kWindows[5], kNow), 1672531200);
}

TEST_F(TrafficTest, PreflightRequestsAreAnswered) {
  const auto plugin = env_.Make("cors", {{"methods", {"GET", "PUT"}}, {"max_age", 5}});
  exchange_.method = "OPTIONS";
  exchange_.request_headers = {{"Origin", "http://a.test"},
                               {"Access-Control-Request-Method", "PUT"}};
  EXPECT_EQ(plugin->OnAccess(exchange_), Next::kRespond);
  EXPECT_EQ(exchange_.answer->status, 200);
  EXPECT_EQ(exchange_.Response("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(exchange_.Response("Access-Control-Allow-Methods"), "GET,PUT");
  EXPECT_EQ(exchange_.Response("Access-Control-Max-Age"), "5");
}

TEST(Origins, ArePlainOrPatterns) {
  const auto matcher = OriginMatcher::Create(
      {"http://one.test", ".*\\.pat\\.test", "https?://(a|b)\\.test(:\\d+)?$", "["});
  ASSERT_TRUE(matcher);
  for (const char* good :
       {"http://one.test", "http://one.test:80", "https://x.y.pat.test:444", "http://a.test:99"}) {
    EXPECT_TRUE(matcher->Matches(NormalizeOrigin(good))) << good;
  }
  for (const char* bad : {"https://one.test", "http://x.pat.test.evil", "https://c.test", "null"}) {
    EXPECT_FALSE(matcher->Matches(NormalizeOrigin(bad))) << bad;
  }
}

TEST_F(TrafficTest, CorrelationIdsAreKeptOrMade) {
  const auto plugin =
      env_.Make("correlation-id",
                {{"header_name", "X-Id"}, {"generator", "uuid"}, {"echo_downstream", true}});
  plugin->OnAccess(exchange_);
  EXPECT_EQ(exchange_.Header("X-Id").size(), 36u);
  plugin->OnHeaderFilter(exchange_);
  EXPECT_EQ(exchange_.Response("X-Id"), exchange_.Header("X-Id"));
  test::FakeExchange other;
  other.request_headers = {{"x-id", "mine"}};
  plugin->OnAccess(other);
  EXPECT_EQ(other.Header("X-Id"), "mine");
}

TEST_F(TrafficTest, TerminationAnswersOnlyWhenTriggered) {
  const auto plugin = env_.Make("request-termination",
                                {{"status_code", 403}, {"trigger", "stop"}, {"message", "no"}});
  EXPECT_EQ(plugin->OnAccess(exchange_), Next::kContinue);
  exchange_.query = "stop";
  EXPECT_EQ(plugin->OnAccess(exchange_), Next::kRespond);
  EXPECT_EQ(exchange_.answer->body, R"({"message":"no"})");
}

TEST_F(TrafficTest, LogEntriesGoInBatchesAndAreTriedAgain) {
  const auto plugin = env_.Make("http-log", {{"http_endpoint", "http://l.test/"},
                                             {"queue_size", 2},
                                             {"flush_timeout", 1},
                                             {"retry_count", 3}});
  exchange_.log_entry = {{"n", 1}};
  plugin->OnLog(exchange_);
  EXPECT_TRUE(env_.http.sent.empty());
  plugin->OnLog(exchange_);
  ASSERT_EQ(env_.http.sent.size(), 1u);
  EXPECT_EQ(env_.http.sent[0].body, R"([{"n":1},{"n":1}])");
  env_.http.Reply({.error = {}, .status = 500, .headers = {}, .body = {}});
  EXPECT_EQ(env_.timers.RunAll(), 1);
  ASSERT_EQ(env_.http.sent.size(), 2u);
  EXPECT_EQ(env_.http.sent[1].body, env_.http.sent[0].body);
  env_.http.Reply({.error = {}, .status = 200, .headers = {}, .body = {}});
  plugin->OnLog(exchange_);
  EXPECT_EQ(env_.timers.RunAll(), 1);
  EXPECT_EQ(env_.http.sent.size(), 3u);
}

}  // namespace
}  // namespace silverback::plugins
