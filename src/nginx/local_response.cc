#include "nginx/local_response.h"

#include <algorithm>
#include <array>

#include "http/error_format.h"
#include "http/status.h"
#include "nginx/headers.h"
#include "nginx/request_context.h"
#include "util/json.h"
#include "util/string_util.h"

namespace silverback::nginx {
namespace {

using http::ErrorFormat;
using plugin::LocalResponse;

struct GrpcStatus {
  int http;
  std::string_view code, message;
};

// How gRPC names what went wrong.
constexpr GrpcStatus kGrpcStatuses[] = {
    {200, "0", "OK"},
    {400, "3", "InvalidArgument"},
    {401, "16", "Unauthenticated"},
    {403, "7", "PermissionDenied"},
    {404, "5", "NotFound"},
    {409, "10", "Aborted"},
    {429, "8", "ResourceExhausted"},
    {499, "1", "Canceled"},
    {500, "13", "Internal"},
    {501, "12", "Unimplemented"},
    {503, "14", "Unavailable"},
    {504, "4", "DeadlineExceeded"},
};

// What the client asked for, by the headers that Kong looks at. Without them answers of plugins are
// JSON, those of the error handler as `error_default_type` says.
ErrorFormat WantedFormat(const RequestContext& context) {
  const auto accept = context.RequestHeader("accept");
  if (!context.unexpected) return http::FormatOfList(accept.value_or(""));
  if (accept) return http::FormatOfType(*accept);
  if (const auto type = context.RequestHeader("content-type")) return http::FormatOfType(*type);
  return http::FormatOfType(context.gateway().conf().String("error_default_type"));
}

// The error_page directive of our template leads these to the error handler.
bool HasErrorHandler(int status) {
  constexpr int kHandled[] = {400, 404, 405, 408, 411, 412, 413, 414, 417, 494, 500, 502, 503, 504};
  return std::find(std::begin(kHandled), std::end(kHandled), status) != std::end(kHandled);
}

// "" when it has none.
std::string_view ContentTypeIn(const LocalResponse& response) {
  for (const auto& [name, value] : response.headers) {
    if (EqualsIgnoreCase(name, "content-type")) return value;
  }
  return "";
}

// Whether another value of that name stands before this one. (Of challenges the last one counts.)
bool IsRepeated(const plugin::Headers& headers, std::string_view name, const std::string& value) {
  if (EqualsIgnoreCase(name, "www-authenticate")) return false;
  for (const auto& header : headers) {
    if (&header.second == &value) return false;
    if (EqualsIgnoreCase(header.first, name)) return true;
  }
  return false;
}

const GrpcStatus& GrpcStatusFor(int http) {
  for (const GrpcStatus& known : kGrpcStatuses) {
    if (known.http == http) return known;
  }
  static constexpr GrpcStatus kUnknown = {0, "2", "Unknown"};
  if (http >= 400 && http < 600) return GrpcStatusFor(http / 100 * 100);
  return kUnknown;
}

// The answer in two headers; the HTTP status stays what it is.
void AnswerInGrpc(RequestContext& context, LocalResponse& response) {
  const GrpcStatus& status = GrpcStatusFor(response.status);
  std::string message = response.message;
  if (message.empty() && response.raw_body) {
    if (const auto json = ParseJson(response.body)) message = StringMember(*json, "message");
  }
  context.SetResponseHeader("grpc-status", status.code);
  context.SetResponseHeader("grpc-message", message.empty() ? status.message : message);
  response.raw_body = true;
  response.body.clear();
  std::erase_if(response.headers,
                [](const auto& header) { return EqualsIgnoreCase(header.first, "content-type"); });
}

}  // namespace

LocalResponse JsonMessage(int status, std::string_view message) {
  LocalResponse response;
  response.status = status;
  response.raw_body = true;
  response.body = DumpJson(Json{{"message", message}});
  response.headers.emplace_back("Content-Type", "application/json; charset=utf-8");
  return response;
}

ngx_int_t SendLocalResponse(RequestContext& context, LocalResponse response) {
  ngx_http_request_t* r = context.request();
  const bool grpc = context.IsGrpcContent() && r->http_version == NGX_HTTP_VERSION_20;
  if (grpc && response.status >= 300) AnswerInGrpc(context, response);
  if (response.status == NGX_HTTP_CLOSE || response.status == NGX_HTTP_CLIENT_CLOSED_REQUEST)
    return response.status;
  if (!response.raw_body) {
    const std::string_view type = ContentTypeIn(response);
    const ErrorFormat format = type.empty() ? WantedFormat(context) : http::FormatOfType(type);
    response.body = http::RenderError(format, response.message);
    if (type.empty()) response.headers.emplace_back("Content-Type", http::ContentTypeOf(format));
  }
  for (const auto& [name, value] : response.headers) {
    if (EqualsIgnoreCase(name, "content-length")) continue;
    if (EqualsIgnoreCase(name, "set-cookie") || IsRepeated(response.headers, name, value)) {
      context.AddResponseHeader(name, value);
    } else {
      context.SetResponseHeader(name, value);
    }
  }
  if (response.body.empty() && response.status >= 300 && !grpc && ContentTypeIn(response).empty()) {
    if (HasErrorHandler(response.status)) return response.status;
    return SendStatusPage(r, response.status);
  }
  r->headers_out.status = static_cast<ngx_uint_t>(response.status);
  return SendBody(r, response.body);
}

ngx_int_t SendStatusPage(ngx_http_request_t* r, int status) {
  const std::string page = http::StatusPage(status);
  if (page.empty()) return status;
  r->headers_out.status = static_cast<ngx_uint_t>(status);
  // nginx sends this one, when it is set.
  if (r->err_status != 0) r->err_status = static_cast<ngx_uint_t>(status);
  response_headers::Set(r, "Content-Type", status < 400 ? "text/html" : "text/html; charset=UTF-8");
  return SendBody(r, page);
}

ngx_int_t SendBody(ngx_http_request_t* r, std::string_view body) {
  ngx_int_t rc = ngx_http_discard_request_body(r);
  if (rc != NGX_OK) return rc;
  ngx_http_clear_content_length(r);
  r->headers_out.content_length_n = static_cast<off_t>(body.size());
  rc = ngx_http_send_header(r);
  if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) return rc;
  auto* buffer = static_cast<ngx_buf_t*>(ngx_calloc_buf(r->pool));
  if (buffer == nullptr) return NGX_ERROR;
  if (!body.empty()) {
    const ngx_str_t text = CopyTo(r->pool, body);
    if (text.data == nullptr) return NGX_ERROR;
    buffer->pos = buffer->start = text.data;
    buffer->last = buffer->end = text.data + text.len;
    // A body filter may change it in place.
    buffer->temporary = 1;
  }
  buffer->last_buf = r == r->main ? 1 : 0;
  buffer->last_in_chain = 1;
  ngx_chain_t link{buffer, nullptr};
  return ngx_http_output_filter(r, &link);
}

}  // namespace silverback::nginx
