#include <gtest/gtest.h>

#include <set>

#include "plugin/plugin.h"

namespace silverback::plugin {
namespace {

TEST(BuiltinPlugins, RunInKongsOrder) {
  const std::vector<std::string> expected = {"pre-function",
                                             "zipkin",
                                             "bot-detection",
                                             "cors",
                                             "session",
                                             "acme",
                                             "jwt",
                                             "oauth2",
                                             "key-auth",
                                             "ldap-auth",
                                             "basic-auth",
                                             "hmac-auth",
                                             "grpc-gateway",
                                             "ip-restriction",
                                             "request-size-limiting",
                                             "acl",
                                             "rate-limiting",
                                             "response-ratelimiting",
                                             "request-transformer",
                                             "response-transformer",
                                             "aws-lambda",
                                             "azure-functions",
                                             "proxy-cache",
                                             "prometheus",
                                             "http-log",
                                             "statsd",
                                             "datadog",
                                             "file-log",
                                             "udp-log",
                                             "tcp-log",
                                             "loggly",
                                             "syslog",
                                             "grpc-web",
                                             "request-termination",
                                             "correlation-id",
                                             "post-function"};
  std::vector<std::string> names;
  for (const PluginType* type : BuiltinPlugins()) names.emplace_back(type->name);
  EXPECT_EQ(names, expected);
}

TEST(BuiltinPlugins, PrioritiesFallAndAreUnique) {
  auto last = int64_t{INT_MAX} + 1;
  for (const PluginType* type : BuiltinPlugins()) {
    EXPECT_LT(type->priority, last) << type->name;
    last = type->priority;
    EXPECT_EQ(FindPluginType(type->name), type);
  }
  EXPECT_EQ(FindPluginType("nothing"), nullptr);
}

}  // namespace
}  // namespace silverback::plugin
