// statsd and datadog, as a request meets them.
#include "plugins/metrics/stats.h"

#include <gtest/gtest.h>

#include "support/fake_env.h"
#include "support/fake_exchange.h"

namespace silverback::plugins {
namespace {

using Lines = std::vector<std::string>;

class StatsTest : public ::testing::Test {
 protected:
  StatsTest() {
    service_.name = "my.svc";
    exchange_.matched_service = &service_;
    exchange_.status = 201;
    exchange_.figures = {
        .received = 10, .sent = 20, .total_ms = 30, .kong_ms = 4, .service_ms = 26};
  }
  void SetConsumer() {
    exchange_.Authenticate(std::make_shared<const Json>(
                               Json{{"id", "a-b-c"}, {"username", "ann"}, {"custom_id", "c-1"}}),
                           nullptr, false);
  }
  Lines Log(const char* plugin, const Json& config) {
    env_.datagrams.sent.clear();
    env_.Make(plugin, config)->OnLog(exchange_);
    return env_.datagrams.sent;
  }

  entity::Service service_;
  test::FakeEnv env_;
  test::FakeExchange exchange_;
};

TEST_F(StatsTest, StatsdSendsEachFigure) {
  const Json metrics = {{{"name", "request_count"}, {"stat_type", "counter"}, {"sample_rate", 0.5}},
                        {{"name", "latency"}, {"stat_type", "timer"}},
                        {{"name", "kong_latency"}, {"stat_type", "histogram"}},
                        {{"name", "upstream_latency"}, {"stat_type", "meter"}},
                        {{"name", "request_size"}, {"stat_type", "gauge"}, {"sample_rate", 1}},
                        {{"name", "response_size"}, {"stat_type", "set"}},
                        {{"name", "status_count"}, {"stat_type", "counter"}, {"sample_rate", 0.1}}};
  EXPECT_EQ(Log("statsd", {{"host", "h"}, {"port", 1}, {"prefix", "p"}, {"metrics", metrics}}),
            (Lines{"h:1 p.my_svc.request.count:1|c|@0.5", "h:1 p.my_svc.latency:30|ms",
                   "h:1 p.my_svc.kong_latency:4|h", "h:1 p.my_svc.upstream_latency:26|m",
                   "h:1 p.my_svc.request.size:10|g", "h:1 p.my_svc.response.size:20|s",
                   "h:1 p.my_svc.request.status.201:1|c|@0.1",
                   "h:1 p.my_svc.request.status.total:1|c|@0.1"}));
}

TEST_F(StatsTest, StatsdCountsByConsumer) {
  const Json metrics = {
      {{"name", "unique_users"}, {"stat_type", "set"}, {"consumer_identifier", "username"}},
      {{"name", "request_per_user"},
       {"stat_type", "counter"},
       {"consumer_identifier", "custom_id"}},
      {{"name", "status_count_per_user"},
       {"stat_type", "counter"},
       {"consumer_identifier", "consumer_id"}}};
  const Json config = {{"host", "h"}, {"port", 1}, {"metrics", metrics}};
  EXPECT_EQ(Log("statsd", config), Lines());
  SetConsumer();
  EXPECT_EQ(Log("statsd", config), (Lines{"h:1 kong.my_svc.user.uniques:ann|s",
                                          "h:1 kong.my_svc.user.c-1.request.count:1|c",
                                          "h:1 kong.my_svc.user.a_b_c.request.status.201:1|c",
                                          "h:1 kong.my_svc.user.a_b_c.request.status.total:1|c"}));
}

TEST_F(StatsTest, DatadogTagsEachFigure) {
  const Json metrics = {
      {{"name", "request_count"},
       {"stat_type", "counter"},
       {"sample_rate", 1},
       {"tags", {"app:kong", "x:y"}},
       {"consumer_identifier", "custom_id"}},
      {{"name", "latency"}, {"stat_type", "distribution"}, {"sample_rate", 0.25}}};
  Json config = {{"host", "h"}, {"port", 1}, {"metrics", metrics}};
  EXPECT_EQ(Log("datadog", config),
            (Lines{"h:1 kong.request.count:1|c|#name:my_svc,status:201,app:kong,x:y",
                   "h:1 kong.latency:30|d|@0.25|#name:my_svc,status:201"}));
  SetConsumer();
  config.update({{"service_name_tag", "s"}, {"status_tag", "st"}, {"consumer_tag", "who"}});
  EXPECT_EQ(Log("datadog", config)[0],
            "h:1 kong.request.count:1|c|#s:my_svc,st:201,who:c-1,app:kong,x:y");
}

TEST_F(StatsTest, WithoutServiceNothingIsSent) {
  exchange_.matched_service = nullptr;
  const Json metrics = {{{"name", "latency"}, {"stat_type", "timer"}}};
  EXPECT_EQ(Log("statsd", {{"metrics", metrics}}), Lines());
  EXPECT_EQ(Log("datadog", {{"metrics", metrics}}), Lines());
}

TEST_F(StatsTest, AServiceWithoutNameGoesByItsHost) {
  service_.name = "";
  service_.host = "h.test";
  EXPECT_EQ(ServiceLabel(service_), "h_test");
}

}  // namespace
}  // namespace silverback::plugins
