#include "plugins/cors/cors.h"

#include "plugin/answers.h"
#include "plugins/cors/origin.h"
#include "util/string_util.h"

namespace silverback::plugins {
namespace {

using plugin::Exchange;
using plugin::Next;

constexpr std::string_view kAllowOrigin = "Access-Control-Allow-Origin";
constexpr std::string_view kAllowCredentials = "Access-Control-Allow-Credentials";

std::vector<std::string> ListOf(const Json& config, std::string_view name) {
  const Json* list = FindMember(config, name);
  return list && list->is_array() ? list->get<std::vector<std::string>>()
                                  : std::vector<std::string>();
}

std::string NumberText(const Json& config, std::string_view name) {
  const Json* number = FindMember(config, name);
  return number && number->is_number() ? DumpJson(*number) : "";
}

std::string MethodsOf(const Json& config) {
  const Json* methods = FindMember(config, "methods");
  if (methods == nullptr || methods->is_null())
    return "GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS,TRACE,CONNECT";
  return Join(ListOf(config, "methods"), ",");
}

class Cors final : public plugin::Plugin {
 public:
  Cors(const Json& config, OriginMatcher matcher)
      : origins_(ListOf(config, "origins")),
        matcher_(std::move(matcher)),
        headers_(Join(ListOf(config, "headers"), ",")),
        exposed_(Join(ListOf(config, "exposed_headers"), ",")),
        methods_(MethodsOf(config)),
        max_age_(NumberText(config, "max_age")),
        credentials_(BoolMember(config, "credentials")),
        preflight_continue_(BoolMember(config, "preflight_continue")),
        any_origin_(origins_.empty() || (origins_.size() == 1 && origins_[0] == "*")) {}

  Next OnAccess(Exchange& exchange) const override {
    if (exchange.Method() != "OPTIONS" || !exchange.RequestHeader("Origin") ||
        !exchange.RequestHeader("Access-Control-Request-Method")) {
      return Next::kContinue;
    }
    // The answer to a preflight request is complete, whoever gives it.
    exchange.Slot<bool>(this) = true;
    if (preflight_continue_) return Next::kContinue;
    SetOrigin(exchange, false);
    if (!headers_.empty()) {
      exchange.SetResponseHeader("Access-Control-Allow-Headers", headers_);
    } else if (const auto asked = exchange.RequestHeader("Access-Control-Request-Headers")) {
      exchange.SetResponseHeader("Access-Control-Allow-Headers", std::string(*asked));
    }
    exchange.SetResponseHeader("Access-Control-Allow-Methods", methods_);
    if (!max_age_.empty()) exchange.SetResponseHeader("Access-Control-Max-Age", max_age_);
    return plugin::RespondRaw(exchange, 200, "");
  }

  void OnHeaderFilter(Exchange& exchange) const override {
    if (exchange.Slot<bool>(this)) return;
    SetOrigin(exchange, true);
    if (!exposed_.empty()) exchange.SetResponseHeader("Access-Control-Expose-Headers", exposed_);
  }

 private:
  void SetOrigin(Exchange& exchange, bool add_vary) const {
    const auto origin = exchange.RequestHeader("Origin");
    if (any_origin_) {
      if (!credentials_ || !origin) return exchange.SetResponseHeader(kAllowOrigin, "*");
      // With credentials the asterisk is not allowed: the origin itself is named.
      Vary(exchange, add_vary);
      exchange.SetResponseHeader(kAllowOrigin, std::string(*origin));
      return exchange.SetResponseHeader(kAllowCredentials, "true");
    }
    Vary(exchange, add_vary);
    if (origins_.size() == 1 && IsPlainOrigin(origins_[0])) {
      exchange.SetResponseHeader(kAllowOrigin, origins_[0]);
    } else if (const std::string normalized = origin ? NormalizeOrigin(*origin) : "";
               origin && matcher_.Matches(normalized)) {
      exchange.SetResponseHeader(kAllowOrigin, normalized);
    } else {
      exchange.ClearResponseHeader(kAllowOrigin);
    }
    if (credentials_) exchange.SetResponseHeader(kAllowCredentials, "true");
  }

  static void Vary(Exchange& exchange, bool add) {
    if (add) {
      exchange.AddResponseHeader("Vary", "Origin");
    } else {
      exchange.SetResponseHeader("Vary", "Origin");
    }
  }

  const std::vector<std::string> origins_;
  const OriginMatcher matcher_;
  const std::string headers_, exposed_, methods_, max_age_;
  const bool credentials_, preflight_continue_, any_origin_;
};

Result<std::unique_ptr<plugin::Plugin>> Create(const plugin::PluginInstance& instance,
                                               plugin::PluginEnv&) {
  auto matcher = OriginMatcher::Create(ListOf(instance.config, "origins"));
  if (!matcher) return matcher.error();
  return std::unique_ptr<plugin::Plugin>(new Cors(instance.config, std::move(*matcher)));
}

}  // namespace

const plugin::PluginType kCors = {"cors", 2000, "2.1.1", plugin::kAccess | plugin::kHeaderFilter,
                                  Create};

}  // namespace silverback::plugins
