#include "nginx/error_page.h"

#include "nginx/guard.h"
#include "nginx/headers.h"
#include "nginx/local_response.h"
#include "nginx/request_context.h"

namespace silverback::nginx {
namespace {

std::string MessageFor(ngx_uint_t status) {
  switch (status) {
    case 400:
      return "Bad request";
    case 404:
      return "Not found";
    case 408:
      return "Request timeout";
    case 411:
      return "Length required";
    case 412:
      return "Precondition failed";
    case 413:
      return "Payload too large";
    case 414:
      return "URI too long";
    case 417:
      return "Expectation failed";
    case 494:
      return "Request header or cookie too large";
    case 500:
      return "An unexpected error occurred";
    case 502:
      return "An invalid response was received from the upstream server";
    case 503:
      return "The upstream server is currently unavailable";
    case 504:
      return "The upstream server is timing out";
    default:
      return fmt::format("The upstream server responded with {}", status);
  }
}

ngx_int_t Answer(ngx_http_request_t* r) {
  RequestContext& context = RequestContext::FindOrCreate(r);
  context.unexpected = true;
  // A retry that had nowhere to go: nginx knows only that the last try failed.
  if (context.upstream.refused_status != 0)
    r->err_status = static_cast<ngx_uint_t>(context.upstream.refused_status);
  const ngx_uint_t status = r->err_status != 0 ? r->err_status : r->headers_out.status;
  if (status == NGX_HTTP_NOT_IMPLEMENTED || status == NGX_HTTP_VERSION_NOT_SUPPORTED)
    return SendStatusPage(r, static_cast<int>(status));
  // What an upstream said of its own, failed answer is not about this one.
  response_headers::Remove(r, "content-type");
  auto wanted = context.RequestHeader("accept");
  if (!wanted) wanted = context.RequestHeader("content-type");
  if (wanted && wanted->empty()) return SendStatusPage(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
  const std::string message = MessageFor(status);
  if (wanted && wanted->starts_with("application/grpc"))
    return SendLocalResponse(context, JsonMessage(static_cast<int>(status), message));
  plugin::LocalResponse response;
  response.status = static_cast<int>(status);
  response.message = message;
  return SendLocalResponse(context, std::move(response));
}

}  // namespace

ngx_int_t StatusPageContent(ngx_http_request_t* r) {
  return Guard(r->connection->log, "status page", ngx_int_t{NGX_HTTP_INTERNAL_SERVER_ERROR}, [&] {
    const ngx_uint_t status = r->err_status != 0 ? r->err_status : r->headers_out.status;
    return SendStatusPage(r, static_cast<int>(status));
  });
}

ngx_int_t ErrorPageContent(ngx_http_request_t* r) {
  return Guard(r->connection->log, "error page", ngx_int_t{NGX_HTTP_INTERNAL_SERVER_ERROR},
               [&] { return Answer(r); });
}

}  // namespace silverback::nginx
