#include "plugins/aws_lambda/aws_lambda.h"

#include "plugin/answers.h"
#include "plugins/aws_lambda/credentials.h"
#include "plugins/aws_lambda/event.h"
#include "plugins/aws_lambda/signature.h"
#include "plugins/cloud/remote_answer.h"
#include "util/string_util.h"

namespace silverback::plugins {
namespace {

using plugin::Exchange;
using plugin::Next;

std::string RegionOf(const Json& config, const plugin::PluginEnv& env) {
  std::string region = StringMember(config, "aws_region");
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    const auto variable = env.cloud_variables.find(name);
    if (region.empty() && variable != env.cloud_variables.end()) region = variable->second;
  }
  return region;
}

class AwsLambda final : public plugin::Plugin {
 public:
  AwsLambda(const Json& config, plugin::PluginEnv& env)
      : env_(env),
        event_(config),
        region_(RegionOf(config, env)),
        host_(StringMember(config, "host")),
        path_("/2015-03-31/functions/" + StringMember(config, "function_name") + "/invocations"),
        qualifier_(StringMember(config, "qualifier")),
        invocation_(StringMember(config, "invocation_type", "RequestResponse")),
        log_type_(StringMember(config, "log_type", "Tail")),
        proxy_url_(StringMember(config, "proxy_url")),
        keys_{StringMember(config, "aws_key"), StringMember(config, "aws_secret"), ""},
        port_(static_cast<int>(NumberMember(config, "port", 443))),
        timeout_ms_(static_cast<int>(NumberMember(config, "timeout", 60000))),
        keepalive_ms_(static_cast<int>(NumberMember(config, "keepalive", 60000))),
        unhandled_status_(static_cast<int>(NumberMember(config, "unhandled_status"))),
        proxy_integration_(BoolMember(config, "is_proxy_integration")),
        role_(std::make_shared<aws::Credentials>(env)) {}

  Next OnAccess(Exchange& exchange) const override {
    if (region_.empty() && host_.empty()) return Fail(exchange, "no region or host specified");
    const auto resumer = exchange.Suspend();
    exchange.ReadBody([this, resumer, &exchange](std::optional<std::string_view> body) {
      if (!resumer->Alive()) return;
      if (body) return Begin(exchange, resumer, body);
      if (!event_.skip_large) return Load(exchange, resumer);
      Log("the body is too large to be handed to a function");
      Begin(exchange, resumer, std::nullopt);
    });
    return Next::kSuspend;
  }

 private:
  // From disk, without blocking the event loop.
  void Load(Exchange& exchange, const std::shared_ptr<Exchange::Resumer>& resumer) const {
    struct Loaded {
      Exchange::BodyLoader loader;
      Result<std::string> body = std::string();
    };
    const auto loaded = std::make_shared<Loaded>(Loaded{exchange.SpilledBody()});
    if (!loaded->loader) return Begin(exchange, resumer, std::nullopt);
    env_.background.Run([loaded] { loaded->body = loaded->loader(); },
                        [this, loaded, resumer, &exchange] {
                          if (!resumer->Alive()) return;
                          if (loaded->body) return Begin(exchange, resumer, *loaded->body);
                          Fail(exchange, loaded->body.error().message());
                          resumer->Resume(true);
                        });
  }

  void Begin(Exchange& exchange, const std::shared_ptr<Exchange::Resumer>& resumer,
             std::optional<std::string_view> body) const {
    const std::string event = DumpJson(aws::EventFor(
        exchange, event_, body, exchange.Variable("request_id").value_or(env_.new_uuid())));
    if (!keys_.access_key.empty()) return Invoke(exchange, resumer, event, keys_);
    role_->Get([this, resumer, event, &exchange](const Result<aws::Keys>& keys) {
      if (!resumer->Alive()) return;
      if (keys) return Invoke(exchange, resumer, event, *keys);
      Log(keys.error().message());
      resumer->Resume(plugin::Refuse(exchange, 500, "An unexpected error occurred") ==
                      Next::kRespond);
    });
  }

  void Invoke(Exchange& exchange, const std::shared_ptr<Exchange::Resumer>& resumer,
              const std::string& event, const aws::Keys& keys) const {
    env_.http.Send(RequestFor(event, keys),
                   [this, resumer, &exchange](const plugin::HttpReply& reply) {
                     if (!resumer->Alive()) return;
                     Answer(exchange, reply);
                     resumer->Resume(true);
                   });
  }

  plugin::HttpRequest RequestFor(const std::string& event, const aws::Keys& keys) const {
    const std::string name = host_.empty() ? "lambda." + region_ + ".amazonaws.com" : host_;
    const std::string port = port_ == 443 ? "" : ":" + std::to_string(port_);
    // Whatever leads to it, the request is for the region's service.
    const std::string host =
        (region_.empty() ? name : "lambda." + region_ + ".amazonaws.com") + port;
    const std::string query = qualifier_.empty() ? "" : "Qualifier=" + PercentEncode(qualifier_);
    aws::Signable signable{.region = region_,
                           .service = "lambda",
                           .host = host,
                           .path = path_,
                           .query = query,
                           .body = event,
                           .headers = {{"X-Amz-Target", "invoke"},
                                       {"X-Amz-Invocation-Type", invocation_},
                                       {"X-Amz-Log-Type", log_type_},
                                       {"Content-Type", "application/x-amz-json-1.1"},
                                       {"X-Amz-Date", aws::DateOf(env_.now())}},
                           .date = aws::DateOf(env_.now())};
    if (!keys.session_token.empty())
      signable.headers.emplace_back("X-Amz-Security-Token", keys.session_token);
    plugin::HttpRequest request;
    request.method = "POST";
    request.url = "https://" + name + port + path_ + (query.empty() ? "" : "?" + query);
    request.headers = signable.headers;
    request.headers.emplace_back("User-Agent", "kong/2.8.5");
    request.headers.emplace_back("Host", host);
    signable.headers.emplace_back("Host", host);
    signable.headers.emplace_back("Content-Length", std::to_string(event.size()));
    // Without a region there is nothing that a signature could be for.
    if (!region_.empty())
      request.headers.emplace_back("Authorization", aws::Authorization(signable, keys));
    request.body = event;
    request.timeout_ms = timeout_ms_;
    request.keepalive_ms = keepalive_ms_;
    request.proxy_url = proxy_url_;
    return request;
  }

  void Answer(Exchange& exchange, const plugin::HttpReply& reply) const {
    if (reply.error) {
      Fail(exchange, *reply.error);
      return;
    }
    plugin::LocalResponse answer = AnswerOf(reply);
    if (proxy_integration_) {
      auto made = aws::ProxyAnswer(reply.body);
      if (!made) return Refuse(exchange, made.error().message());
      if (made->status < 100 || made->status > 599)
        return static_cast<void>(Fail(exchange, "statusCode is none of HTTP"));
      answer.status = made->status;
      answer.body = std::move(made->body);
      std::erase_if(answer.headers,
                    [&](const auto& header) { return IsAmong(made->headers, header.first); });
      answer.headers.insert(answer.headers.end(), made->headers.begin(), made->headers.end());
    } else if (unhandled_status_ != 0 && IsUnhandled(reply)) {
      answer.status = unhandled_status_;
    }
    exchange.Respond(std::move(answer));
  }

  static bool IsAmong(const plugin::Headers& headers, std::string_view name) {
    for (const auto& header : headers) {
      if (EqualsIgnoreCase(header.first, name)) return true;
    }
    return false;
  }

  static bool IsUnhandled(const plugin::HttpReply& reply) {
    for (const auto& [name, value] : reply.headers) {
      if (EqualsIgnoreCase(name, "x-amz-function-error") && value == "Unhandled") return true;
    }
    return false;
  }

  void Refuse(Exchange& exchange, const std::string& why) const {
    Log(why);
    plugin::RespondDocument(exchange, 502,
                            {{"message", "Bad Gateway"},
                             {"error", "could not JSON decode Lambda function response: " + why}});
  }

  Next Fail(Exchange& exchange, const std::string& why) const {
    Log(why);
    return plugin::RespondJson(exchange, 500, "An unexpected error occurred");
  }

  void Log(const std::string& why) const {
    env_.log.Log(plugin::LogLevel::kError, "[aws-lambda] " + why);
  }

  plugin::PluginEnv& env_;
  const aws::EventSettings event_;
  const std::string region_, host_, path_, qualifier_, invocation_, log_type_, proxy_url_;
  const aws::Keys keys_;
  const int port_, timeout_ms_, keepalive_ms_, unhandled_status_;
  const bool proxy_integration_;
  const std::shared_ptr<aws::Credentials> role_;
};

Result<std::unique_ptr<plugin::Plugin>> Create(const plugin::PluginInstance& instance,
                                               plugin::PluginEnv& env) {
  return std::unique_ptr<plugin::Plugin>(new AwsLambda(instance.config, env));
}

}  // namespace

const plugin::PluginType kAwsLambda = {"aws-lambda", 750, "3.6.3", plugin::kAccess, Create};

}  // namespace silverback::plugins
