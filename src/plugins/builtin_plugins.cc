// The bundled plugins that have a handler. A new one is a line here.
#include <algorithm>

#include "plugin/plugin.h"
#include "plugins/acl/acl.h"
#include "plugins/acme/acme.h"
#include "plugins/aws_lambda/aws_lambda.h"
#include "plugins/azure_functions/azure_functions.h"
#include "plugins/basic_auth/basic_auth.h"
#include "plugins/bot_detection/bot_detection.h"
#include "plugins/correlation_id/correlation_id.h"
#include "plugins/cors/cors.h"
#include "plugins/datadog/datadog.h"
#include "plugins/file_log/file_log.h"
#include "plugins/functions/functions.h"
#include "plugins/grpc_gateway/grpc_gateway.h"
#include "plugins/grpc_web/grpc_web.h"
#include "plugins/hmac_auth/hmac_auth.h"
#include "plugins/http_log/http_log.h"
#include "plugins/ip_restriction/ip_restriction.h"
#include "plugins/jwt/jwt.h"
#include "plugins/key_auth/key_auth.h"
#include "plugins/ldap_auth/ldap_auth.h"
#include "plugins/loggly/loggly.h"
#include "plugins/oauth2/oauth2.h"
#include "plugins/prometheus/prometheus.h"
#include "plugins/proxy_cache/proxy_cache.h"
#include "plugins/rate_limiting/rate_limiting.h"
#include "plugins/request_size_limiting/request_size_limiting.h"
#include "plugins/request_termination/request_termination.h"
#include "plugins/request_transformer/request_transformer.h"
#include "plugins/response_ratelimiting/response_ratelimiting.h"
#include "plugins/response_transformer/response_transformer.h"
#include "plugins/session/session.h"
#include "plugins/statsd/statsd.h"
#include "plugins/syslog/syslog.h"
#include "plugins/tcp_log/tcp_log.h"
#include "plugins/udp_log/udp_log.h"
#include "plugins/zipkin/zipkin.h"

namespace silverback::plugin {
namespace {

using namespace plugins;

constexpr const PluginType* kBuiltin[] = {&kPreFunction,
                                          &kZipkin,
                                          &kBotDetection,
                                          &kCors,
                                          &kSession,
                                          &kAcme,
                                          &kJwt,
                                          &kOAuth2,
                                          &kKeyAuth,
                                          &kLdapAuth,
                                          &kBasicAuth,
                                          &kHmacAuth,
                                          &kGrpcGateway,
                                          &kIpRestriction,
                                          &kRequestSizeLimiting,
                                          &kAcl,
                                          &kRateLimiting,
                                          &kResponseRatelimiting,
                                          &kRequestTransformer,
                                          &kResponseTransformer,
                                          &kAwsLambda,
                                          &kAzureFunctions,
                                          &kProxyCache,
                                          &kPrometheus,
                                          &kHttpLog,
                                          &kStatsd,
                                          &kDatadog,
                                          &kFileLog,
                                          &kUdpLog,
                                          &kTcpLog,
                                          &kLoggly,
                                          &kSyslog,
                                          &kGrpcWeb,
                                          &kRequestTermination,
                                          &kCorrelationId,
                                          &kPostFunction};

}  // namespace

std::span<const PluginType* const> BuiltinPlugins() { return kBuiltin; }

const PluginType* FindPluginType(std::string_view name) {
  for (const PluginType* type : kBuiltin) {
    if (type->name == name) return type;
  }
  return nullptr;
}

}  // namespace silverback::plugin
