#include "plugins/request_termination/request_termination.h"

#include <unistd.h>

#include "http/query.h"
#include "plugin/answers.h"
#include "plugins/request_termination/echo.h"

namespace silverback::plugins {
namespace {

using plugin::Exchange;
using plugin::Next;

std::string DefaultMessage(int status) {
  switch (status) {
    case 401:
      return "Unauthorized";
    case 404:
      return "Not found";
    case 405:
      return "Method not allowed";
    case 500:
      return "An unexpected error occurred";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service unavailable";
    default:
      return "";
  }
}

class RequestTermination final : public plugin::Plugin {
 public:
  RequestTermination(const Json& config, plugin::PluginEnv& env)
      : env_(env),
        status_(static_cast<int>(NumberMember(config, "status_code", 503))),
        message_(StringMember(config, "message", DefaultMessage(status_))),
        body_(StringMember(config, "body")),
        content_type_(StringMember(config, "content_type")),
        trigger_(StringMember(config, "trigger")),
        echo_(BoolMember(config, "echo")) {}

  Next OnAccess(Exchange& exchange) const override {
    if (!trigger_.empty() && !IsTriggered(exchange)) return Next::kContinue;
    if (echo_) return Echo(exchange);
    if (!body_.empty()) return RespondBody(exchange);
    if (!message_.empty()) return plugin::RespondJson(exchange, status_, message_);
    plugin::LocalResponse answer;
    answer.status = status_;
    answer.raw_body = true;
    exchange.Respond(std::move(answer));
    return Next::kRespond;
  }

 private:
  bool IsTriggered(const Exchange& exchange) const {
    if (exchange.RequestHeader(trigger_)) return true;
    for (const http::Argument& argument : http::ParseQuery(exchange.RawQuery())) {
      if (argument.name == trigger_) return true;
    }
    return false;
  }

  Next RespondBody(Exchange& exchange) const {
    plugin::LocalResponse answer;
    answer.status = status_;
    answer.body = body_;
    answer.raw_body = true;
    if (!content_type_.empty()) answer.headers.emplace_back("Content-Type", content_type_);
    exchange.Respond(std::move(answer));
    return Next::kRespond;
  }

  Next Echo(Exchange& exchange) const {
    const auto resumer = exchange.Suspend();
    exchange.ReadBody([this, resumer, &exchange](std::optional<std::string_view> body) {
      if (!resumer->Alive()) return;
      plugin::RespondDocument(exchange, status_,
                              EchoOf(exchange, body.value_or(""), env_.node_id, message_));
      resumer->Resume(true);
    });
    return Next::kSuspend;
  }

  plugin::PluginEnv& env_;
  const int status_;
  const std::string message_, body_, content_type_, trigger_;
  const bool echo_;
};

Result<std::unique_ptr<plugin::Plugin>> Create(const plugin::PluginInstance& instance,
                                               plugin::PluginEnv& env) {
  return std::unique_ptr<plugin::Plugin>(new RequestTermination(instance.config, env));
}

}  // namespace

const plugin::PluginType kRequestTermination = {"request-termination", 2, "2.1.0", plugin::kAccess,
                                                Create};

}  // namespace silverback::plugins
