#include "entity/model.h"

#include <gtest/gtest.h>

namespace silverback::entity {
namespace {

TEST(ProtocolTest, NamesGoBothWays) {
  for (int i = 0; i < 8; ++i) {
    const auto protocol = static_cast<Protocol>(i);
    EXPECT_EQ(ParseProtocol(ProtocolName(protocol)), protocol);
  }
  EXPECT_EQ(ParseProtocol("ftp"), std::nullopt);
}

TEST(ServiceTest, AbsentAndNullFieldsTakeTheDefaultsOfTheDataPath) {
  const auto service = Service::FromRow({{"id", "s"}, {"host", "h"}, {"retries", nullptr}});
  EXPECT_EQ(service->host, "h");
  EXPECT_EQ(service->protocol, Protocol::kHttp);
  EXPECT_EQ(service->port, 80);
  EXPECT_EQ(service->retries, 5);
  EXPECT_EQ(service->connect_timeout_ms, 60000);
  EXPECT_TRUE(service->enabled);
  EXPECT_FALSE(service->tls_verify.has_value());
  EXPECT_FALSE(service->ca_certificates.has_value());
  EXPECT_EQ(service->row["id"], "s");
}

TEST(ServiceTest, ReadsEveryField) {
  const auto service = Service::FromRow({{"protocol", "grpcs"},
                                         {"port", 8443},
                                         {"path", "/p"},
                                         {"enabled", false},
                                         {"tls_verify", false},
                                         {"tls_verify_depth", 3},
                                         {"ca_certificates", {"a", "b"}},
                                         {"client_certificate", {{"id", "c"}}}});
  EXPECT_EQ(service->protocol, Protocol::kGrpcs);
  EXPECT_EQ(service->port, 8443);
  EXPECT_EQ(service->path, "/p");
  EXPECT_FALSE(service->enabled);
  EXPECT_EQ(service->tls_verify, false);
  EXPECT_EQ(service->tls_verify_depth, 3);
  EXPECT_EQ(service->ca_certificates, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(service->client_certificate, "c");
}

TEST(RouteTest, ReadsEveryField) {
  const auto route = Route::FromRow({{"id", "r"},
                                     {"protocols", {"http", "https"}},
                                     {"methods", {"GET"}},
                                     {"hosts", {"*.test"}},
                                     {"paths", {"/a", "/b"}},
                                     {"headers", {{"x-a", {"1", "2"}}}},
                                     {"snis", {"s.test"}},
                                     {"sources", {{{"ip", "10.0.0.0/8"}, {"port", 1}}}},
                                     {"destinations", {{{"port", 2}}, Json::object()}},
                                     {"regex_priority", 7},
                                     {"strip_path", false},
                                     {"preserve_host", true},
                                     {"request_buffering", false},
                                     {"https_redirect_status_code", 301},
                                     {"path_handling", "v1"},
                                     {"created_at", 1700000000},
                                     {"service", {{"id", "s"}}}});
  EXPECT_EQ(route->protocols, Bit(Protocol::kHttp) | Bit(Protocol::kHttps));
  EXPECT_EQ(route->paths, (std::vector<std::string>{"/a", "/b"}));
  EXPECT_EQ(route->headers.at("x-a"), (std::vector<std::string>{"1", "2"}));
  ASSERT_EQ(route->sources.size(), 1u);
  EXPECT_EQ(route->sources[0].ip, "10.0.0.0/8");
  EXPECT_EQ(route->sources[0].port, 1);
  ASSERT_EQ(route->destinations.size(), 1u) << "an address without ip and port says nothing";
  EXPECT_EQ(route->destinations[0].port, 2);
  EXPECT_EQ(route->regex_priority, 7);
  EXPECT_FALSE(route->strip_path);
  EXPECT_TRUE(route->preserve_host);
  EXPECT_FALSE(route->request_buffering);
  EXPECT_TRUE(route->response_buffering);
  EXPECT_EQ(route->https_redirect_status_code, 301);
  EXPECT_TRUE(route->path_handling_v1);
  EXPECT_EQ(route->created_at, 1700000000);
  EXPECT_EQ(route->service_id, "s");
}

TEST(RouteTest, WrongTypesCountAsAbsent) {
  const auto route = Route::FromRow(
      {{"paths", "/a"}, {"headers", 1}, {"protocols", {1, "http"}}, {"created_at", "x"}});
  EXPECT_TRUE(route->paths.empty());
  EXPECT_TRUE(route->headers.empty());
  EXPECT_EQ(route->protocols, Bit(Protocol::kHttp));
  EXPECT_EQ(route->created_at, 0);
}

}  // namespace
}  // namespace silverback::entity
