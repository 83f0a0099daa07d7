#include "admin/dispatcher.h"

#include "admin/extensions.h"
#include "http/uri.h"

namespace silverback::admin {
namespace {

bool TakesBody(const std::string& method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

// Kong looks at the Content-Type before it looks at the path.
bool IsAcceptable(const Request& request, std::string_view path) {
  if (!TakesBody(request.method)) return true;
  switch (BodyKindOf(request)) {
    case BodyKind::kOther:
      return false;
    case BodyKind::kYaml:
      return path == "/config" || path == "/config/";
    default:
      return true;
  }
}

Response Options(const Endpoint& endpoint, bool status_listener) {
  const std::string allowed = AllowedMethods(endpoint, status_listener);
  Response response = NoContent();
  response.headers.emplace_back("Allow", allowed);
  response.headers.emplace_back("Access-Control-Allow-Methods", allowed);
  response.headers.emplace_back("Access-Control-Allow-Headers", "Content-Type");
  return response;
}

// The method whose handler answers: HEAD is GET without its body.
const std::string& HandlerOf(const std::string& method) {
  static const std::string get = "GET";
  return method == "HEAD" ? get : method;
}

bool IsAllowed(const Endpoint& endpoint, const Request& request) {
  if (request.method == "OPTIONS") return true;
  const std::string& method = HandlerOf(request.method);
  if (request.status_listener && method != "GET") return false;
  return endpoint.methods.count(method) != 0;
}

Response Run(const Endpoint& endpoint, Call& call) {
  if (endpoint.before) {
    if (auto response = endpoint.before(call)) return *std::move(response);
  }
  const std::string& method = call.request.method;
  if (method == "OPTIONS") return Options(endpoint, call.request.status_listener);
  const Handler& handler = endpoint.methods.at(HandlerOf(method));
  if (const std::string* etag = RequiredETag(call))
    return RunIfMatch(endpoint, handler, call, *etag);
  return handler(call);
}

}  // namespace

Response Dispatch(const Context& context, const EndpointTable& table, const Request& request) {
  const http::Target target = http::SplitTarget(request.target);
  if (!IsAcceptable(request, target.path)) return HtmlPage(415);

  std::vector<std::string_view> segments = http::PathSegments(target.path);
  if (segments.size() > 1 && segments.back().empty()) segments.pop_back();
  Call call{context, request, {}, {}};
  const Endpoint* endpoint = table.Find(segments, call.params);
  if (endpoint == nullptr) return NotFound();
  if (request.status_listener && !endpoint->on_status_listener) return NotFound();
  if (!IsAllowed(*endpoint, request)) return MethodNotAllowed();

  Result<Arguments> args = ReadArguments(request, target.query);
  if (!args) return ErrorResponse(args.error());
  call.args = *std::move(args);
  return Run(*endpoint, call);
}

Response InTransaction(const Context& context,
                       const std::function<Response(const Context&)>& work) {
  Response response;
  const Status done = context.dao.InTransaction([&](store::Dao& dao) -> Status {
    response = work({context.conf, context.catalog, dao, context.node, context.loader});
    if (response.status < 400) return Ok();
    return Error(ErrorCode::kInvalidInput, "rolled back");
  });
  // A transaction that fails on its own (at its end) has its own answer.
  if (!done && response.status < 400) return ErrorResponse(done.error());
  return response;
}

}  // namespace silverback::admin
