#include "plugins/request_transformer/request_transformer.h"

#include <algorithm>

#include "plugin/answers.h"
#include "plugins/request_transformer/actions.h"
#include "plugins/request_transformer/arguments.h"
#include "plugins/request_transformer/body.h"
#include "plugins/request_transformer/header_table.h"
#include "util/string_util.h"

namespace silverback::plugins {
namespace {

using plugin::Exchange;
using plugin::Next;

constexpr std::string_view kMethods[] = {"GET",   "HEAD",     "PUT",       "POST",  "DELETE",
                                         "MKCOL", "COPY",     "MOVE",      "LOCK",  "UNLOCK",
                                         "PATCH", "PROPFIND", "PROPPATCH", "TRACE", "OPTIONS"};

bool IsMethod(std::string_view name) {
  return std::find(std::begin(kMethods), std::end(kMethods), name) != std::end(kMethods);
}

class RequestTransformer final : public plugin::Plugin {
 public:
  RequestTransformer(Actions headers, Actions query, Actions body,
                     std::unique_ptr<plugin::Template> uri, std::string method,
                     plugin::PluginEnv& env)
      : headers_(std::move(headers)),
        query_(std::move(query)),
        body_(std::move(body)),
        uri_(std::move(uri)),
        method_(std::move(method)),
        env_(env) {}

  Next OnAccess(Exchange& exchange) const override {
    if (!NeedsBody(exchange)) return Transform(exchange, "");
    const auto resumer = exchange.Suspend();
    exchange.ReadBody([this, resumer, &exchange](std::optional<std::string_view> body) {
      if (!resumer->Alive()) return;
      resumer->Resume(Transform(exchange, body) == Next::kRespond);
    });
    return Next::kSuspend;
  }

 private:
  static std::string ContentType(const Exchange& exchange) {
    return std::string(exchange.RequestHeader("content-type").value_or(""));
  }

  bool MovesForm() const { return method_ == "GET" || method_ == "HEAD" || method_ == "TRACE"; }

  bool NeedsBody(const Exchange& exchange) const {
    if (body_.empty() && !MovesForm()) return false;
    const BodyKind kind = BodyKindOf(ContentType(exchange));
    return kind != BodyKind::kOther && (!body_.empty() || kind == BodyKind::kForm);
  }

  // `body`: nullopt when it was too large to be kept in memory: it then goes on as it is.
  Next Transform(Exchange& exchange, std::optional<std::string_view> body) const {
    if (!body) {
      env_.log.Log(plugin::LogLevel::kWarn,
                   "[request-transformer] the body is too large to be changed");
    }
    const std::string kept(body.value_or(""));
    plugin::TemplateScope scope;
    Status done = SetPath(exchange, scope);
    if (done) done = SetMethod(exchange, kept);
    if (done) done = SetHeaders(exchange, scope);
    if (done && body && !body_.empty()) {
      const auto changed = SetBody(exchange, scope, kept);
      if (!changed) return Fail(exchange, changed.error());
      if (*changed != Next::kContinue) return *changed;
    }
    if (done) done = SetQuery(exchange, scope);
    return done ? Next::kContinue : Fail(exchange, done.error());
  }

  Next Fail(Exchange& exchange, const Error& error) const {
    env_.log.Log(plugin::LogLevel::kError, error.message());
    return plugin::RespondJson(exchange, 500, "An unexpected error occurred");
  }

  Status SetPath(Exchange& exchange, plugin::TemplateScope& scope) const {
    if (!uri_) return Ok();
    const auto path = uri_->Render(exchange, scope);
    if (!path) return RenderingError(path.error());
    if (!path->starts_with('/'))
      return Error(ErrorCode::kInvalidInput,
                   "[request-transformer] the path '" + *path + "' does not start with a slash");
    exchange.SetUpstreamPath(*path);
    return Ok();
  }

  Status SetMethod(Exchange& exchange, const std::string& body) const {
    if (method_.empty()) return Ok();
    if (!IsMethod(method_))
      return Error(ErrorCode::kInvalidInput, "[request-transformer] no such method: " + method_);
    // The client would wait for the body that the upstream's header announces.
    if (method_ == "HEAD" && exchange.Method() != "HEAD")
      return Error(ErrorCode::kInvalidInput,
                   "[request-transformer] HEAD cannot take the place of another method");
    exchange.SetMethod(method_);
    if (!MovesForm() || BodyKindOf(ContentType(exchange)) != BodyKind::kForm) return Ok();
    const Arguments form(body);
    if (form.empty()) return Ok();
    Arguments query(exchange.RawQuery());
    query.Merge(form);
    exchange.SetRawQuery(query.Text());
    return Ok();
  }

  Status SetHeaders(Exchange& exchange, plugin::TemplateScope& scope) const {
    if (headers_.empty()) return Ok();
    const auto wanted = headers_.For(exchange, scope);
    if (!wanted) return wanted.error();
    HeaderTable table(exchange);
    table.Apply(*wanted);
    table.Write(exchange);
    return Ok();
  }

  Result<Next> SetBody(Exchange& exchange, plugin::TemplateScope& scope,
                       const std::string& body) const {
    const std::string type = ContentType(exchange);
    if (BodyKindOf(type) == BodyKind::kOther) return Next::kContinue;
    const auto wanted = body_.For(exchange, scope);
    if (!wanted) return wanted.error();
    auto changed = ChangeBody(body, type, *wanted);
    if (!changed) return plugin::RespondJson(exchange, 400, changed.error().message());
    if (*changed) exchange.SetRequestBody(**std::move(changed));
    return Next::kContinue;
  }

  Status SetQuery(Exchange& exchange, plugin::TemplateScope& scope) const {
    if (query_.empty()) return Ok();
    if (!scope.query) scope.query = exchange.RawQuery();
    const auto wanted = query_.For(exchange, scope);
    if (!wanted) return wanted.error();
    Arguments query(*scope.query);
    query.Apply(*wanted);
    exchange.SetRawQuery(query.Text());
    return Ok();
  }

  const Actions headers_, query_, body_;
  const std::unique_ptr<plugin::Template> uri_;
  const std::string method_;
  plugin::PluginEnv& env_;
};

std::string UpperCase(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

Result<std::unique_ptr<plugin::Plugin>> Create(const plugin::PluginInstance& instance,
                                               plugin::PluginEnv& env) {
  const Json& config = instance.config;
  auto headers = Actions::Create(config, "headers", *env.scripts);
  auto query = Actions::Create(config, "querystring", *env.scripts);
  auto body = Actions::Create(config, "body", *env.scripts);
  for (const auto* made : {&headers, &query, &body}) {
    if (!*made) return made->error();
  }
  std::unique_ptr<plugin::Template> uri;
  const Json* replace = FindMember(config, "replace");
  const std::string text = replace ? StringMember(*replace, "uri") : "";
  if (!text.empty()) {
    auto made = env.scripts->LoadTemplate(text);
    if (!made) return RenderingError(made.error());
    uri = std::move(*made);
  }
  return std::unique_ptr<plugin::Plugin>(
      new RequestTransformer(*std::move(headers), *std::move(query), *std::move(body),
                             std::move(uri), UpperCase(StringMember(config, "http_method")), env));
}

}  // namespace

const plugin::PluginType kRequestTransformer = {"request-transformer", 801, "1.3.3",
                                                plugin::kAccess, Create};

}  // namespace silverback::plugins
