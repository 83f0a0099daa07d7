#include "plugins/azure_functions/azure_functions.h"

#include "plugin/answers.h"
#include "plugins/cloud/remote_answer.h"
#include "util/string_util.h"

namespace silverback::plugins {
namespace {

using plugin::Exchange;
using plugin::Next;

std::string_view WithoutSlashes(std::string_view text) {
  while (text.starts_with('/')) text.remove_prefix(1);
  while (text.ends_with('/')) text.remove_suffix(1);
  return text;
}

// Scheme, host and path of a function, to which the request's own path is added.
std::string BaseOf(const Json& config) {
  std::string base = BoolMember(config, "https", true) ? "https://" : "http://";
  base += StringMember(config, "appname") + "." +
          StringMember(config, "hostdomain", "azurewebsites.net");
  for (const char* part : {"routeprefix", "functionname"}) {
    const std::string text = StringMember(config, part);
    if (!WithoutSlashes(text).empty()) base.append("/").append(WithoutSlashes(text));
  }
  return base;
}

class AzureFunctions final : public plugin::Plugin {
 public:
  AzureFunctions(const Json& config, plugin::PluginEnv& env)
      : env_(env),
        base_(BaseOf(config)),
        api_key_(StringMember(config, "apikey")),
        client_id_(StringMember(config, "clientid")),
        timeout_ms_(static_cast<int>(NumberMember(config, "timeout", 600000))),
        keepalive_ms_(static_cast<int>(NumberMember(config, "keepalive", 60000))),
        verify_(BoolMember(config, "https_verify")) {}

  Next OnAccess(Exchange& exchange) const override {
    // Without a service there is no path that could be handed on.
    if (!exchange.service())
      return Fail(exchange, "a route without a service has no path for a function");
    const auto resumer = exchange.Suspend();
    exchange.ReadBody([this, resumer, &exchange](std::optional<std::string_view> body) {
      if (!resumer->Alive()) return;
      if (!body) {
        Fail(exchange, "the body is too large to be handed to a function");
        return resumer->Resume(true);
      }
      env_.http.Send(RequestFor(exchange, *body),
                     [this, resumer, &exchange](const plugin::HttpReply& reply) {
                       if (!resumer->Alive()) return;
                       Answer(exchange, reply);
                       resumer->Resume(true);
                     });
    });
    return Next::kSuspend;
  }

 private:
  plugin::HttpRequest RequestFor(const Exchange& exchange, std::string_view body) const {
    plugin::HttpRequest request;
    request.method = exchange.Method();
    request.url = base_;
    request.url.append(exchange.UpstreamPath()).append("?").append(exchange.RawQuery());
    request.headers = ForwardedHeaders(exchange);
    if (!exchange.RequestHeader("user-agent"))
      request.headers.emplace_back("User-Agent", "kong/2.8.5");
    if (!api_key_.empty()) request.headers.emplace_back("x-functions-key", api_key_);
    if (!client_id_.empty()) request.headers.emplace_back("x-functions-clientid", client_id_);
    request.body = body;
    request.timeout_ms = timeout_ms_;
    request.keepalive_ms = keepalive_ms_;
    request.verify_tls = verify_;
    return request;
  }

  void Answer(Exchange& exchange, const plugin::HttpReply& reply) const {
    if (reply.error) {
      Fail(exchange, *reply.error);
      return;
    }
    exchange.Respond(AnswerOf(reply));
  }

  Next Fail(Exchange& exchange, const std::string& why) const {
    env_.log.Log(plugin::LogLevel::kError, "[azure-functions] " + why);
    return plugin::RespondJson(exchange, 500, "An unexpected error occurred");
  }

  plugin::PluginEnv& env_;
  const std::string base_, api_key_, client_id_;
  const int timeout_ms_, keepalive_ms_;
  const bool verify_;
};

Result<std::unique_ptr<plugin::Plugin>> Create(const plugin::PluginInstance& instance,
                                               plugin::PluginEnv& env) {
  return std::unique_ptr<plugin::Plugin>(new AzureFunctions(instance.config, env));
}

}  // namespace

const plugin::PluginType kAzureFunctions = {"azure-functions", 749, "1.0.1", plugin::kAccess,
                                            Create};

}  // namespace silverback::plugins
