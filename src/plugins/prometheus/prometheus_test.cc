#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/prometheus/traffic.h"
#include "support/fake_env.h"
#include "support/fake_exchange.h"

namespace silverback::plugins {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class PrometheusTest : public ::testing::Test {
 protected:
  PrometheusTest() {
    service_.name = "s";
    route_.name = "r";
    exchange_.matched_service = &service_;
    exchange_.matched_route = &route_;
    exchange_.figures = {
        .received = 10, .sent = 20, .total_ms = 30, .kong_ms = 1, .service_ms = 29};
  }
  std::string Text() const {
    Exposition exposition;
    ShowTraffic(env_.metrics.All(), exposition);
    return exposition.Text();
  }

  entity::Service service_;
  entity::Route route_;
  test::FakeEnv env_;
  test::FakeExchange exchange_;
};

TEST_F(PrometheusTest, CountsRequests) {
  const auto plugin = env_.Make("prometheus", {{"per_consumer", false}});
  plugin->OnLog(exchange_);
  exchange_.status = 404;
  exchange_.figures.service_ms = -1;
  plugin->OnLog(exchange_);
  const std::string text = Text();
  EXPECT_THAT(text,
              HasSubstr("# HELP kong_http_status HTTP status codes per service/route in Kong\n"
                        "# TYPE kong_http_status counter\n"
                        "kong_http_status{service=\"s\",route=\"r\",code=\"200\"} 1\n"
                        "kong_http_status{service=\"s\",route=\"r\",code=\"404\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("kong_bandwidth{service=\"s\",route=\"r\",type=\"egress\"} 40\n"
                              "kong_bandwidth{service=\"s\",route=\"r\",type=\"ingress\"} 20\n"));
  const std::string kong = "{service=\"s\",route=\"r\",type=\"kong\"";
  EXPECT_THAT(text, HasSubstr("kong_latency_bucket" + kong + ",le=\"1\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("kong_latency_bucket" + kong + ",le=\"+Inf\"} 2\n"));
  EXPECT_THAT(text,
              HasSubstr("kong_latency_count" + kong + "} 2\nkong_latency_sum" + kong + "} 2\n"));
  EXPECT_THAT(text, HasSubstr("type=\"request\",le=\"25\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("type=\"request\",le=\"30\"} 2\n"));
  EXPECT_THAT(text,
              HasSubstr("kong_latency_count{service=\"s\",route=\"r\",type=\"upstream\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("kong_nginx_metric_errors_total 0\n"));
  EXPECT_THAT(text, Not(HasSubstr("consumer")));
}

TEST_F(PrometheusTest, CountsByConsumerWhenAsked) {
  const auto plugin = env_.Make("prometheus", {{"per_consumer", true}});
  plugin->OnLog(exchange_);
  EXPECT_THAT(Text(), Not(HasSubstr("consumer")));
  exchange_.Authenticate(std::make_shared<const Json>(Json{{"username", "a\"\\\nb"}}), nullptr,
                         false);
  plugin->OnLog(exchange_);
  EXPECT_THAT(Text(), HasSubstr("kong_http_consumer_status{service=\"s\",route=\"r\",code=\"200\","
                                "consumer=\"a\\\"\\\\\\nb\"} 1\n"));
}

TEST_F(PrometheusTest, CountsSessions) {
  exchange_.stream = true;
  env_.Make("prometheus", {})->OnLog(exchange_);
  EXPECT_THAT(Text(), HasSubstr("kong_stream_status{service=\"s\",route=\"r\",code=\"200\"} 1\n"));
  EXPECT_THAT(Text(),
              HasSubstr("kong_latency_count{service=\"s\",route=\"r\",type=\"session\"} 1\n"));
}

TEST_F(PrometheusTest, RequestsWithoutServiceAreNotCounted) {
  exchange_.matched_service = nullptr;
  env_.Make("prometheus", {})->OnLog(exchange_);
  EXPECT_TRUE(env_.metrics.sums.empty());
}

TEST_F(PrometheusTest, WhatFindsNoRoomIsAnError) {
  class FullSums final : public plugin::Sums {
   public:
    bool Add(std::string_view name, double) override {
      if (name == "e") ++errors;
      return name == "e";
    }
    std::vector<std::pair<std::string, double>> All() const override { return {{"e", errors}}; }
    double errors = 0;
  } full;
  CountTraffic(exchange_, false, full);
  Exposition exposition;
  ShowTraffic(full.All(), exposition);
  EXPECT_EQ(full.errors, 9);
  EXPECT_THAT(exposition.Text(), HasSubstr("kong_nginx_metric_errors_total 9\n"));
}

TEST(Expositions, AreSortedByName) {
  Exposition exposition;
  exposition.Gauge("b", "second", {}, 0.5);
  exposition.Gauge("a", "first", {{"x", "1"}}, 3e12);
  EXPECT_EQ(exposition.Text(),
            "# HELP a first\n# TYPE a gauge\na{x=\"1\"} 3000000000000\n"
            "# HELP b second\n# TYPE b gauge\nb 0.5\n");
}

TEST(Buckets, EndWithTheirBound) {
  EXPECT_EQ(BucketOf(0), 0u);
  EXPECT_EQ(BucketOf(1), 0u);
  EXPECT_EQ(BucketOf(1.5), 1u);
  EXPECT_EQ(BucketOf(60000), 25u);
  EXPECT_EQ(BucketOf(60001), 26u);
}

}  // namespace
}  // namespace silverback::plugins
