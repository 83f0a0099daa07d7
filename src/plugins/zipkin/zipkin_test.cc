#include <gtest/gtest.h>

#include "plugins/zipkin/trace_headers.h"
#include "support/fake_env.h"
#include "support/fake_exchange.h"

namespace silverback::plugins {
namespace {

constexpr char kTrace[] = "80f198ee56343ba864fe8b2a57d3eff7";
constexpr char kSpan[] = "e457b5a2e4d86bd1";
constexpr char kParent[] = "05e3ac9a4f6e3b90";

class ZipkinTest : public ::testing::Test {
 protected:
  IncomingTrace Read(plugin::Headers headers) {
    exchange_.request_headers = std::move(headers);
    return ReadTrace(exchange_, env_.log);
  }
  // Runs a request through; gives the spans by their names.
  std::map<std::string, Json> Spans(const Json& config = Json::object()) {
    Json whole = {
        {"http_endpoint", "http://z.test/"}, {"sample_ratio", 1}, {"header_type", "preserve"}};
    whole.update(config);
    const auto plugin = env_.Make("zipkin", whole);
    if (exchange_.stream) {
      plugin->OnPreread(exchange_);
    } else {
      plugin->OnRewrite(exchange_);
      plugin->OnAccess(exchange_);
      plugin->OnHeaderFilter(exchange_);
    }
    plugin->OnLog(exchange_);
    env_.timers.RunAll();
    std::map<std::string, Json> spans;
    if (env_.http.sent.empty()) return spans;
    const Json list = *ParseJson(env_.http.sent.back().body);
    for (const Json& span : list) spans[StringMember(span, "name")] = span;
    return spans;
  }

  test::FakeEnv env_;
  test::FakeExchange exchange_;
};

TEST_F(ZipkinTest, ReadsB3) {
  const auto trace = Read({{"X-B3-TraceId", kTrace},
                           {"X-B3-SpanId", kSpan},
                           {"X-B3-ParentSpanId", kParent},
                           {"X-B3-Sampled", "1"}});
  EXPECT_EQ(trace.type, TraceHeaders::kB3);
  EXPECT_EQ(trace.trace_id, kTrace);
  EXPECT_EQ(trace.span_id, kSpan);
  EXPECT_EQ(trace.parent_id, kParent);
  EXPECT_EQ(trace.sampled, true);
  EXPECT_EQ(Read({{"X-B3-Sampled", "false"}}).sampled, false);
  EXPECT_EQ(Read({{"X-B3-Sampled", "0"}, {"X-B3-Flags", "1"}}).sampled, true);
  EXPECT_TRUE(env_.log.lines.empty());
  EXPECT_EQ(Read({{"X-B3-TraceId", kTrace}, {"X-B3-SpanId", "xyz"}}).trace_id, "");
  EXPECT_EQ(Read({{"X-B3-Sampled", "maybe"}}).sampled, std::nullopt);
  EXPECT_EQ(env_.log.lines.size(), 2u);
}

TEST_F(ZipkinTest, ReadsTheSingleHeader) {
  const std::string ids = std::string(kTrace) + "-" + kSpan;
  EXPECT_EQ(Read({{"b3", ids}}).span_id, kSpan);
  EXPECT_EQ(Read({{"b3", ids}}).sampled, std::nullopt);
  EXPECT_EQ(Read({{"b3", ids + "-d"}}).sampled, true);
  EXPECT_EQ(Read({{"b3", ids + "-0-" + kParent}}).parent_id, kParent);
  EXPECT_EQ(Read({{"tracestate", "b3=" + ids + "-1"}}).sampled, true);
  EXPECT_EQ(Read({{"b3", "0"}}).sampled, false);
  EXPECT_EQ(Read({{"b3", "1"}}).trace_id, "");
  EXPECT_TRUE(env_.log.lines.empty());
  for (const char* bad :
       {"", "x", "-", "--", "80f1-e457", "80f198ee56343ba8-e457b5a2e4d86bd1-1-12"}) {
    EXPECT_EQ(Read({{"b3", bad}}).trace_id, "") << bad;
  }
  // What the others say is put together with it.
  EXPECT_EQ(Read({{"b3", ids}, {"X-B3-ParentSpanId", kParent}}).parent_id, kParent);
}

TEST_F(ZipkinTest, ReadsW3cJaegerAndOt) {
  const std::string trace = kTrace, span = kSpan, parent = kParent;
  const auto w3c = Read({{"traceparent", "00-" + trace + "-" + span + "-01"}});
  EXPECT_EQ(w3c.type, TraceHeaders::kW3c);
  EXPECT_EQ(w3c.trace_id, trace);
  EXPECT_EQ(w3c.parent_id, span);
  EXPECT_EQ(w3c.sampled, true);
  EXPECT_EQ(Read({{"traceparent", "00-" + trace + "-" + span + "-02"}}).sampled, false);
  for (const std::string& bad :
       {"01-" + trace + "-" + span + "-01", trace, "00-" + span + "-" + span + "-01",
        "00-" + std::string(32, '0') + "-" + span + "-01"}) {
    EXPECT_EQ(Read({{"traceparent", bad}}).trace_id, "") << bad;
  }
  const auto jaeger =
      Read({{"uber-trace-id", trace + ":" + span + ":" + parent + ":1"}, {"uberctx-Who", "a%20b"}});
  EXPECT_EQ(jaeger.type, TraceHeaders::kJaeger);
  EXPECT_EQ(jaeger.span_id, span);
  EXPECT_EQ(jaeger.parent_id, parent);
  EXPECT_EQ(jaeger.sampled, true);
  EXPECT_EQ(jaeger.baggage, (decltype(jaeger.baggage){{"who", "a b"}}));
  EXPECT_EQ(Read({{"uber-trace-id", trace + ":" + span + ":0:1"}}).trace_id, "");
  const auto ot =
      Read({{"ot-tracer-traceid", span}, {"ot-tracer-spanid", parent}, {"ot-tracer-sampled", "0"}});
  EXPECT_EQ(ot.type, TraceHeaders::kOt);
  EXPECT_EQ(ot.trace_id, span);
  EXPECT_EQ(ot.parent_id, parent);
  EXPECT_EQ(ot.sampled, false);
}

TEST_F(ZipkinTest, WritesWhatIsFoundAndWhatIsConfigured) {
  const auto upstream = [&](const Json& config, plugin::Headers headers) {
    exchange_ = test::FakeExchange();
    exchange_.request_headers = std::move(headers);
    env_.Make("zipkin", config)->OnAccess(exchange_);
  };
  upstream({{"sample_ratio", 0}, {"header_type", "preserve"}}, {});
  EXPECT_EQ(exchange_.Header("x-b3-traceid").size(), 32u);
  EXPECT_EQ(exchange_.Header("x-b3-spanid").size(), 16u);
  EXPECT_EQ(exchange_.Header("x-b3-parentspanid").size(), 16u);
  EXPECT_EQ(exchange_.Header("x-b3-sampled"), "0");
  upstream({{"sample_ratio", 1},
            {"header_type", "preserve"},
            {"traceid_byte_count", 8},
            {"default_header_type", "ot"}},
           {});
  EXPECT_EQ(exchange_.Header("ot-tracer-traceid").size(), 16u);
  EXPECT_EQ(exchange_.Header("ot-tracer-sampled"), "1");
  upstream({{"header_type", "jaeger"}},
           {{"traceparent", "00-" + std::string(kTrace) + "-" + kSpan + "-01"}});
  EXPECT_TRUE(exchange_.Header("uber-trace-id").starts_with(std::string(kTrace) + ":"));
  EXPECT_TRUE(exchange_.Header("uber-trace-id").ends_with(":01"));
  EXPECT_TRUE(exchange_.Header("traceparent").starts_with("00-" + std::string(kTrace) + "-"));
  EXPECT_EQ(exchange_.Header("traceparent").find(kSpan), std::string::npos);
  upstream({{"header_type", "ignore"}, {"default_header_type", "w3c"}, {"sample_ratio", 0}},
           {{"X-B3-TraceId", kTrace}, {"X-B3-SpanId", kSpan}, {"X-B3-Sampled", "1"}});
  EXPECT_TRUE(exchange_.Header("traceparent").ends_with("-00"));
  EXPECT_EQ(exchange_.Header("traceparent").find(kTrace), std::string::npos);
  EXPECT_EQ(exchange_.Header("x-b3-spanid"), kSpan);
  upstream({{"header_type", "b3"}},
           {{"X-B3-Flags", "1"}, {"X-B3-TraceId", kTrace}, {"uberctx-k", "v w"}});
  EXPECT_EQ(exchange_.Header("x-b3-flags"), "1");
  EXPECT_EQ(exchange_.Header("x-b3-sampled"), "");
  EXPECT_EQ(exchange_.Header("uberctx-k"), "v%20w");
}

TEST_F(ZipkinTest, ReportsTheSpansOfARequest) {
  entity::Service service;
  service.id = "s-id";
  service.name = "s";
  entity::Route route;
  route.id = "r-id";
  exchange_.matched_service = &service;
  exchange_.matched_route = &route;
  exchange_.request_headers = {{"Zipkin-Tags", "a=1; b = two words;broken;c=d=e;"}};
  exchange_.progress = {.started = 1000,
                        .rewrite_ended = 1001,
                        .access_started = 1001,
                        .access_ended = 1002,
                        .header_filter_started = 1010,
                        .body_filter_started = 1011,
                        .body_filter_ended = 1012,
                        .service_host = "up.test"};
  exchange_.log_entry = {
      {"tries",
       {{{"ip", "10.0.0.1"},
         {"port", 1},
         {"balancer_start", 1002},
         {"balancer_latency", 3},
         {"state", "failed"},
         {"code", 502}},
        {{"ip", "::1"}, {"port", 2}, {"balancer_start", 1005}, {"balancer_latency", 4}}}}};
  exchange_.Authenticate(std::make_shared<const Json>(Json{{"id", "c-id"}}),
                         std::make_shared<const Json>(Json{{"id", "k-id"}}), false);
  const auto spans = Spans({{"static_tags", {{{"name", "st"}, {"value", "v"}}}},
                            {"local_service_name", "loc"},
                            {"default_service_name", "def"}});
  ASSERT_EQ(spans.size(), 4u);
  const Json& request = spans.at("GET");
  EXPECT_EQ(request["tags"], (Json{{"lc", "kong"},
                                   {"http.method", "GET"},
                                   {"http.host", "a.test"},
                                   {"http.path", "/"},
                                   {"http.protocol", "HTTP/1.1"},
                                   {"http.status_code", "200"},
                                   {"st", "v"},
                                   {"a", "1"},
                                   {"b", "two words"},
                                   {"c=d", "e"},
                                   {"kong.consumer", "c-id"},
                                   {"kong.credential", "k-id"},
                                   {"kong.node.id", "node"}}));
  EXPECT_EQ(request["timestamp"], 1000000);
  EXPECT_EQ(request["remoteEndpoint"],
            (Json{{"serviceName", "def"}, {"ipv4", "127.0.0.1"}, {"port", 8000}}));
  EXPECT_FALSE(request.contains("parentId"));
  const Json& proxy = spans.at("GET (proxy)");
  EXPECT_EQ(proxy["parentId"], request["id"]);
  EXPECT_EQ(proxy["timestamp"], 1001000);
  EXPECT_EQ(proxy["duration"], 11000);
  EXPECT_EQ(proxy["remoteEndpoint"], (Json{{"serviceName", "s"}, {"ipv6", "::1"}, {"port", 2}}));
  EXPECT_EQ(proxy["tags"]["peer.hostname"], "up.test");
  std::vector<std::string> annotations;
  for (const Json& each : proxy["annotations"]) annotations.push_back(each["value"]);
  EXPECT_EQ(annotations, (std::vector<std::string>{"khs", "khf", "kbs", "kas", "kaf", "kbf"}));
  const Json& first = spans.at("GET (balancer try 1)");
  EXPECT_EQ(first["tags"], (Json{{"kong.balancer.try", "1"},
                                 {"error", "true"},
                                 {"kong.balancer.state", "failed"},
                                 {"http.status_code", "502"},
                                 {"kong.service", "s-id"},
                                 {"kong.service_name", "s"},
                                 {"kong.route", "r-id"}}));
  EXPECT_EQ(first["duration"], 3000);
  EXPECT_FALSE(spans.at("GET (balancer try 2)")["tags"].contains("error"));
  EXPECT_EQ(env_.log.lines.size(), 1u);  // the broken tag
}

TEST_F(ZipkinTest, HidesTheCredentialWhenAsked) {
  exchange_.Authenticate(nullptr, std::make_shared<const Json>(Json{{"id", "k-id"}}), false);
  EXPECT_FALSE(
      Spans({{"include_credential", false}}).at("GET")["tags"].contains("kong.credential"));
}

TEST_F(ZipkinTest, ReportsNothingThatIsNotSampled) {
  EXPECT_TRUE(Spans({{"sample_ratio", 0}}).empty());
  exchange_ = test::FakeExchange();
  exchange_.request_headers = {{"b3", "0"}};
  EXPECT_TRUE(Spans({{"sample_ratio", 1}}).empty());
  exchange_ = test::FakeExchange();
  EXPECT_TRUE(Spans({{"http_endpoint", nullptr}}).empty());
}

TEST_F(ZipkinTest, ReportsSessionsToo) {
  exchange_.stream = true;
  exchange_.progress.started = 1000;
  exchange_.progress.access_started = 1001;
  exchange_.progress.access_ended = 1002;
  const auto spans = Spans();
  ASSERT_EQ(spans.size(), 2u);
  EXPECT_EQ(spans.at("stream")["tags"], (Json{{"lc", "kong"}, {"kong.node.id", "node"}}));
  const Json& annotations = spans.at("stream (proxy)")["annotations"];
  ASSERT_EQ(annotations.size(), 2u);
  EXPECT_EQ(annotations[0]["value"], "kps");
  EXPECT_EQ(annotations[1]["value"], "kpf");
}

}  // namespace
}  // namespace silverback::plugins
