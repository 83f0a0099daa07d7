// response-ratelimiting, and the policies of both rate limits that keep their counters elsewhere.
#include <gtest/gtest.h>

#include "plugins/limits/redis_counters.h"
#include "plugins/response_ratelimiting/amounts.h"
#include "support/fake_env.h"
#include "support/fake_exchange.h"

namespace silverback::plugins {
namespace {

using plugin::Next;
using Commands = std::vector<std::vector<std::string>>;

class FakeUsage final : public plugin::SharedUsage {
 public:
  bool Available() const override { return available; }
  void Ask(std::vector<plugin::UsageWindow> windows, Done done) override {
    asked.push_back(std::move(windows));
    waiting = std::move(done);
  }
  void Count(std::vector<plugin::UsageWindow> windows, int64_t amount) override {
    for (auto& window : windows) counted[std::move(window)] += amount;
  }
  bool available = true;
  std::vector<std::vector<plugin::UsageWindow>> asked;
  Done waiting;
  std::map<plugin::UsageWindow, int64_t> counted;
};

class LimitsTest : public ::testing::Test {
 protected:
  // Passes a request whose answer says `used`; gives the client's status.
  int Ask(const std::string& used) {
    exchange_ = test::FakeExchange();
    if (plugin_->OnAccess(exchange_) == Next::kRespond) return exchange_.answer->status;
    if (!used.empty()) exchange_.response_headers = {{"x-kong-limit", used}};
    plugin_->OnHeaderFilter(exchange_);
    return exchange_.status;
  }
  void Configure(Json config, Json row = Json::object()) {
    config.emplace("policy", "local");
    plugin_ = env_.Make("response-ratelimiting", config, std::move(row));
  }

  test::FakeEnv env_;
  test::FakeExchange exchange_;
  std::unique_ptr<plugin::Plugin> plugin_;
};

TEST_F(LimitsTest, AnswersUseUpALimit) {
  Configure({{"limits", {{"video", {{"day", 3}}}}}});
  EXPECT_EQ(Ask("video=1"), 200);
  EXPECT_EQ(exchange_.Header("X-RateLimit-Remaining-video"), "3");
  EXPECT_EQ(exchange_.Response("X-RateLimit-Limit-video-day"), "3");
  EXPECT_EQ(exchange_.Response("X-RateLimit-Remaining-video-day"), "2");
  EXPECT_EQ(exchange_.Response("x-kong-limit"), "");
  EXPECT_EQ(Ask("video=0.5"), 200);
  EXPECT_EQ(exchange_.Response("X-RateLimit-Remaining-video-day"), "1.5");
  EXPECT_EQ(Ask("video=5"), 200);
  EXPECT_EQ(exchange_.Response("X-RateLimit-Remaining-video-day"), "0");
  EXPECT_EQ(Ask("video=1"), 429);
  EXPECT_EQ(exchange_.new_response_body, "");
  EXPECT_EQ(Ask(""), 200);
  EXPECT_EQ(exchange_.Header("X-RateLimit-Remaining-video"), "-3.5");
  EXPECT_EQ(Ask("audio=1"), 200);
  env_.time += 86400;
  EXPECT_EQ(Ask("video=1"), 200);
}

TEST_F(LimitsTest, TheNarrowestWindowIsWhatTheServiceIsTold) {
  Configure({{"limits", {{"a", {{"hour", 4}, {"year", 9}}}, {"b", {{"day", 7}}}}}});
  EXPECT_EQ(Ask("a=3, b=2, c=1"), 200);
  EXPECT_EQ(Ask(""), 200);
  EXPECT_EQ(exchange_.Header("X-RateLimit-Remaining-a"), "1");
  EXPECT_EQ(exchange_.Header("X-RateLimit-Remaining-b"), "5");
  EXPECT_EQ(exchange_.Response("X-RateLimit-Remaining-a-year"), "6");
}

TEST_F(LimitsTest, MayBlockBeforeTheServiceIsAsked) {
  Configure({{"limits", {{"video", {{"day", 1}}}}}, {"block_on_first_violation", true}});
  EXPECT_EQ(Ask("video=1"), 200);
  EXPECT_EQ(Ask(""), 429);
  EXPECT_EQ(exchange_.answer->message, "API rate limit exceeded for 'video'");
}

TEST_F(LimitsTest, HidesItsHeadersFromClientsWhenAsked) {
  Configure({{"limits", {{"video", {{"day", 1}}}}},
             {"hide_client_headers", true},
             {"header_name", "X-Used"}});
  EXPECT_EQ(Ask("video=1"), 200);
  EXPECT_EQ(exchange_.Response("X-RateLimit-Limit-video-day"), "");
  EXPECT_EQ(exchange_.Response("x-kong-limit"), "video=1");
}

TEST_F(LimitsTest, CountsByConsumer) {
  Configure({{"limits", {{"v", {{"day", 1}}}}}, {"limit_by", "consumer"}});
  Ask("v=1");
  EXPECT_EQ(Ask("v=1"), 429);
  exchange_ = test::FakeExchange();
  exchange_.Authenticate(std::make_shared<const Json>(Json{{"id", "ann"}}), nullptr, false);
  EXPECT_EQ(plugin_->OnAccess(exchange_), Next::kContinue);
  EXPECT_EQ(exchange_.Header("X-RateLimit-Remaining-v"), "1");
}

TEST(Amounts, AreReadOfOneHeader) {
  using Amounts = std::map<std::string, double, std::less<>>;
  EXPECT_EQ(ParseAmounts(" a=1 ,b = -2.5,c=1e2"), (Amounts{{"a", 1}, {"b", -2.5}, {"c", 100}}));
  for (const char* bad : {"", "a", "a=", "a=x", "a=1=2", "=", "a=nan"})
    EXPECT_TRUE(ParseAmounts(bad).empty() || ParseAmounts(bad).contains("")) << bad;
  EXPECT_EQ(ParseAmounts("a=1e300").at("a"), 1e12);
}

TEST_F(LimitsTest, NodesOfADatastoreCountTogether) {
  FakeUsage usage;
  env_.env.shared_usage = &usage;
  Configure({{"policy", "cluster"}, {"limits", {{"v", {{"day", 5}}}}}}, {{"route", {{"id", "R"}}}});
  EXPECT_EQ(plugin_->OnAccess(exchange_), Next::kSuspend);
  ASSERT_EQ(usage.asked.size(), 1u);
  const plugin::UsageWindow window{
      "127.0.0.1", "v_day", 1699920000, 86400, "", "R", plugin::UsageKind::kResponses};
  EXPECT_EQ(usage.asked[0], std::vector{window});
  usage.waiting(std::vector<int64_t>{4});
  EXPECT_EQ(exchange_.Header("X-RateLimit-Remaining-v"), "1");
  exchange_.response_headers = {{"x-kong-limit", "v=3"}};
  plugin_->OnHeaderFilter(exchange_);
  EXPECT_EQ(usage.counted, (std::map<plugin::UsageWindow, int64_t>{{window, 3}}));
  // What the others have not heard of yet is known here.
  exchange_ = test::FakeExchange();
  plugin_->OnAccess(exchange_);
  usage.waiting(std::vector<int64_t>{4});
  EXPECT_EQ(exchange_.Header("X-RateLimit-Remaining-v"), "-2");
  usage.available = false;
  EXPECT_EQ(Ask("v=1"), 429);
}

TEST_F(LimitsTest, WithoutDatastoreItIsAsFaultTolerantAsConfigured) {
  FakeUsage usage;
  env_.env.shared_usage = &usage;
  Configure({{"policy", "cluster"}, {"limits", {{"v", {{"day", 5}}}}}, {"fault_tolerant", false}});
  plugin_->OnAccess(exchange_);
  usage.waiting(Error(ErrorCode::kUnavailable, "gone"));
  EXPECT_TRUE(exchange_.resumed_with_answer);
  EXPECT_EQ(exchange_.answer->status, 500);
}

Json RedisConfig() {
  return {{"policy", "redis"},        {"redis_host", "r.test"},
          {"redis_port", 7},          {"redis_username", "u"},
          {"redis_password", "p"},    {"redis_database", 3},
          {"redis_timeout", 5},       {"redis_ssl", true},
          {"redis_ssl_verify", true}, {"redis_server_name", "n.test"}};
}

constexpr char kZeroes[] = "00000000-0000-0000-0000-000000000000";

TEST_F(LimitsTest, RedisCountsRequests) {
  Json config = RedisConfig();
  config["day"] = 2;
  const auto plugin = env_.Make("rate-limiting", config, {{"service", {{"id", "S"}}}});
  const std::string key = std::string("ratelimit:") + kZeroes + ":S:127.0.0.1:1699920000000:day";
  EXPECT_EQ(plugin->OnAccess(exchange_), Next::kSuspend);
  EXPECT_EQ(env_.redis.servers[0],
            (plugin::RedisServer{"r.test", 7, "u", "p", 3, 5, true, true, "n.test"}));
  EXPECT_EQ(env_.redis.sent[0], (Commands{{"INCRBY", key, "1"}, {"EXPIRE", key, "86400"}}));
  env_.redis.Reply(std::vector<Json>{1, 1});
  EXPECT_EQ(exchange_.resumed, 1);
  EXPECT_FALSE(exchange_.resumed_with_answer);
  EXPECT_EQ(exchange_.Response("RateLimit-Remaining"), "1");
  plugin->OnAccess(exchange_);
  env_.redis.Reply(std::vector<Json>{3, 1});
  EXPECT_TRUE(exchange_.resumed_with_answer);
  EXPECT_EQ(exchange_.answer->status, 429);
  // A refused request does not count.
  EXPECT_EQ(env_.redis.sent.back()[0], (std::vector<std::string>{"INCRBY", key, "-1"}));
}

TEST_F(LimitsTest, WithoutRedisItIsAsFaultTolerantAsConfigured) {
  for (const bool tolerant : {true, false}) {
    Json config = RedisConfig();
    config.update({{"day", 2}, {"fault_tolerant", tolerant}});
    exchange_ = test::FakeExchange();
    const auto plugin = env_.Make("rate-limiting", config);
    plugin->OnAccess(exchange_);
    env_.redis.Reply(Error(ErrorCode::kUnavailable, "gone"));
    EXPECT_EQ(exchange_.resumed_with_answer, !tolerant);
    Configure(config);
    plugin_ = env_.Make(
        "response-ratelimiting",
        {{"policy", "redis"}, {"fault_tolerant", tolerant}, {"limits", {{"v", {{"day", 5}}}}}});
    exchange_ = test::FakeExchange();
    plugin_->OnAccess(exchange_);
    env_.redis.Reply(Error(ErrorCode::kUnavailable, "gone"));
    EXPECT_EQ(exchange_.resumed_with_answer, !tolerant);
    EXPECT_EQ(exchange_.answer.has_value(), !tolerant);
  }
  EXPECT_EQ(env_.log.lines.size(), 4u);
}

TEST_F(LimitsTest, RedisCountsAnswers) {
  Json config = RedisConfig();
  config["limits"] = {{"v", {{"day", 3}}}, {"w", {{"hour", 1}}}};
  Configure(config);
  const std::string stem =
      std::string("response-ratelimit:") + kZeroes + ":" + kZeroes + ":127.0.0.1:";
  EXPECT_EQ(plugin_->OnAccess(exchange_), Next::kSuspend);
  EXPECT_EQ(env_.redis.sent[0], (Commands{{"GET", stem + "1699920000000:v:day"},
                                          {"GET", stem + "1699999200000:w:hour"}}));
  env_.redis.Reply(std::vector<Json>{"2", nullptr});
  EXPECT_EQ(exchange_.Header("X-RateLimit-Remaining-v"), "1");
  EXPECT_EQ(exchange_.Header("X-RateLimit-Remaining-w"), "1");
  exchange_.response_headers = {{"x-kong-limit", "v=2,w=0,x=1"}};
  plugin_->OnHeaderFilter(exchange_);
  ASSERT_EQ(env_.redis.sent.size(), 2u);
  EXPECT_EQ(env_.redis.sent[1][0],
            (std::vector<std::string>{"INCRBY", stem + "1699920000000:v:day", "2"}));
  env_.redis.Reply(Error(ErrorCode::kUnavailable, "gone"));
  EXPECT_EQ(env_.log.lines.size(), 1u);
}

TEST_F(LimitsTest, FractionsAreAddedAsSuch) {
  RedisCounters(Json::object(), env_.env).Add({{"k", 60}}, 0.5, nullptr);
  EXPECT_EQ(env_.redis.sent[0][0], (std::vector<std::string>{"INCRBYFLOAT", "k", "0.5"}));
  env_.redis.Reply(std::vector<Json>{"0.5", 1});
}

}  // namespace
}  // namespace silverback::plugins
