#include "plugins/aws_lambda/event.h"

#include <fmt/chrono.h>

#include <algorithm>

#include "plugin/body_args.h"
#include "plugins/aws_lambda/json_error.h"
#include "util/string_util.h"

namespace silverback::plugins::aws {
namespace {

using plugin::Exchange;

std::string ContentType(const Exchange& exchange) {
  return std::string(exchange.RequestHeader("content-type").value_or(""));
}

// Types whose bodies are texts whatever they hold.
bool IsText(std::string_view type) {
  constexpr std::string_view kTexts[] = {"text/plain", "text/html", "application/xml", "text/xml",
                                         "application/soap+xml"};
  return std::find(std::begin(kTexts), std::end(kTexts), type) != std::end(kTexts);
}

bool HasArguments(std::string_view type) {
  const std::string lower = ToLower(type);
  for (const char* known :
       {"application/x-www-form-urlencoded", "application/json", "multipart/form-data"}) {
    if (lower.starts_with(known)) return true;
  }
  return false;
}

void AddBody(const Exchange& exchange, const EventSettings& settings, std::string_view body,
             Json& event) {
  const std::string type = ContentType(exchange);
  event["request_body"] = std::string(body);
  if (HasArguments(type)) {
    if (auto arguments = plugin::BodyArguments(type, body))
      event["request_body_args"] = *std::move(arguments);
    return;
  }
  event["request_body_args"] = Json::object();
  if (IsText(type) || !settings.encode_body) return;
  event["request_body"] = Base64Encode(body);
  event["request_body_base64"] = true;
}

// Each name with its first value, and with all of them as a list.
std::pair<Json, Json> SingleAndMulti(Json values) {
  Json multi = Json::object();
  for (auto& [name, value] : values.items()) {
    multi[name] = value.is_array() ? value : Json::array({value});
    if (value.is_array()) value = value.empty() ? Json() : Json(value[0]);
  }
  return {std::move(values), std::move(multi)};
}

// The path of the route that has matched, as a resource of Amazon's gateway has its own. Null: it
// has none.
Json ResourceOf(const Exchange& exchange) {
  const Json* paths = exchange.route() ? FindMember(exchange.route()->row, "paths") : nullptr;
  if (!paths || !paths->is_array()) return nullptr;
  Json longest, expression;
  for (const Json& path : *paths) {
    const auto& text = path.get_ref<const std::string&>();
    const bool begins = exchange.Path().starts_with(text);
    if (begins && (longest.is_null() || text.size() > longest.get_ref<const std::string&>().size()))
      longest = path;
    if (!begins && expression.is_null()) expression = path;
  }
  return longest.is_null() ? expression : longest;
}

// The event of Amazon's API gateway for Lambda proxies.
Json GatewayEvent(const Exchange& exchange, const EventSettings& settings, std::string_view body,
                  const std::string& request_id) {
  auto [headers, all_headers] = SingleAndMulti(plugin::HeaderFields(exchange.RequestHeaders()));
  auto [query, all_query] = SingleAndMulti(plugin::QueryArguments(exchange.RawQuery()));
  Json parameters = Json::object();
  for (const auto& [name, value] : exchange.UriCaptures()) {
    if (name.find_first_not_of("0123456789") != std::string::npos) parameters[name] = value;
  }
  const std::string path(exchange.UpstreamPath());
  const std::string host(exchange.Host());
  const bool encoded = !body.empty() && settings.encode_body;
  Json context = {
      {"path", path},
      {"protocol", fmt::format("HTTP/{}", exchange.HttpVersion())},
      {"httpMethod", std::string(exchange.Method())},
      {"domainName", host},
      {"domainPrefix", host.substr(0, host.find('.'))},
      {"identity", {{"sourceIp", std::string(exchange.ClientIp())}}},
      {"requestId", request_id},
      {"requestTime", fmt::format("{:%d/%b/%Y:%H:%M:%S} +0000",
                                  fmt::gmtime(static_cast<std::time_t>(exchange.StartedAt())))},
      {"requestTimeEpoch", exchange.StartedAt() * 1000},
      {"resourcePath", path}};
  if (const auto agent = exchange.RequestHeader("user-agent"))
    context["identity"]["userAgent"] = std::string(*agent);
  Json event = {{"path", path},
                {"httpMethod", std::string(exchange.Method())},
                {"headers", std::move(headers)},
                {"multiValueHeaders", std::move(all_headers)},
                {"pathParameters", std::move(parameters)},
                {"queryStringParameters", std::move(query)},
                {"multiValueQueryStringParameters", std::move(all_query)},
                {"body", encoded ? Base64Encode(body) : std::string(body)},
                {"isBase64Encoded", encoded},
                {"requestContext", std::move(context)}};
  if (Json resource = ResourceOf(exchange); !resource.is_null()) event["resource"] = resource;
  return event;
}

Error Wrong(const std::string& what) { return {ErrorCode::kInvalidInput, what}; }

}  // namespace

EventSettings::EventSettings(const Json& config)
    : method(BoolMember(config, "forward_request_method")),
      uri(BoolMember(config, "forward_request_uri")),
      headers(BoolMember(config, "forward_request_headers")),
      body(BoolMember(config, "forward_request_body")),
      gateway(BoolMember(config, "awsgateway_compatible")),
      encode_body(BoolMember(config, "base64_encode_body", true)),
      skip_large(BoolMember(config, "skip_large_bodies", true)) {}

Json EventFor(const Exchange& exchange, const EventSettings& settings,
              std::optional<std::string_view> body, const std::string& request_id) {
  const std::string_view text = body.value_or("");
  if (settings.gateway) return GatewayEvent(exchange, settings, text, request_id);
  Json event = Json::object();
  if (!settings.method && !settings.uri && !settings.headers && !settings.body) {
    event = plugin::QueryArguments(exchange.RawQuery());
    const auto arguments = plugin::BodyArguments(ContentType(exchange), text);
    if (arguments && arguments->is_object()) event.update(*arguments);
    return event;
  }
  if (settings.method) event["request_method"] = std::string(exchange.Method());
  if (settings.headers) event["request_headers"] = plugin::HeaderFields(exchange.RequestHeaders());
  if (settings.uri) {
    event["request_uri"] = std::string(exchange.RawTarget());
    event["request_uri_args"] = plugin::QueryArguments(exchange.RawQuery());
  }
  if (settings.body) AddBody(exchange, settings, text, event);
  return event;
}

Result<plugin::LocalResponse> ProxyAnswer(const std::string& text) {
  const auto json = ParseJson(text);
  if (!json) return Wrong(DescribeJsonError(text));
  const Json* status = FindMember(*json, "statusCode");
  if (!status || !status->is_number()) return Wrong("statusCode must be a number");
  const Json* headers = FindMember(*json, "headers");
  if (headers && !headers->is_structured()) return Wrong("headers must be a table");
  const Json* body = FindMember(*json, "body");
  if (body && !body->is_string()) return Wrong("body must be a string");
  plugin::LocalResponse answer;
  answer.status = status->get<int>();
  answer.raw_body = true;
  answer.body = StringMember(*json, "body");
  if (BoolMember(*json, "isBase64Encoded")) answer.body = Base64Decode(answer.body).value_or("");
  const auto add = [&](const std::string& name, const Json& value) {
    if (!value.is_null() && !value.is_structured())
      answer.headers.emplace_back(name,
                                  value.is_string() ? value.get<std::string>() : DumpJson(value));
  };
  const Json* multi = FindMember(*json, "multiValueHeaders");
  if (headers && headers->is_object()) {
    for (const auto& [name, value] : headers->items()) {
      if (!multi || !FindMember(*multi, name)) add(name, value);
    }
  }
  if (multi && multi->is_object()) {
    for (const auto& [name, values] : multi->items()) {
      for (const Json& value : values.is_array() ? values : Json::array({values})) add(name, value);
    }
  }
  return answer;
}

}  // namespace silverback::plugins::aws
