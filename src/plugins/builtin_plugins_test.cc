#include <gtest/gtest.h>

#include <set>

#include "plugin/plugin.h"

namespace silverback::plugin {
namespace {

TEST(BuiltinPlugins, RunInKongsOrder) {
  const std::vector<std::string> expected = {"zipkin",
                                             "bot-detection",
                                             "cors",
                                             "session",
                                             "jwt",
                                             "oauth2",
                                             "key-auth",
                                             "ldap-auth",
                                             "basic-auth",
                                             "hmac-auth",
                                             "ip-restriction",
                                             "request-size-limiting",
                                             "acl",
                                             "rate-limiting",
                                             "response-ratelimiting",
                                             "request-transformer",
                                             "response-transformer",
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
                                             "request-termination",
                                             "correlation-id"};
  std::vector<std::string> names;
  for (const PluginType* type : BuiltinPlugins()) names.emplace_back(type->name);
  EXPECT_EQ(names, expected);
}

TEST(BuiltinPlugins, PrioritiesFallAndAreUnique) {
  int last = INT_MAX;
  for (const PluginType* type : BuiltinPlugins()) {
    EXPECT_LT(type->priority, last) << type->name;
    last = type->priority;
    EXPECT_EQ(FindPluginType(type->name), type);
  }
  EXPECT_EQ(FindPluginType("nothing"), nullptr);
}

}  // namespace
}  // namespace silverback::plugin
