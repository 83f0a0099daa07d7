#include "admin/api.h"

#include <chrono>
#include <exception>

#include "admin/crud_endpoints.h"
#include "admin/endpoint.h"
#include "admin/routes/routes.h"
#include "http/uri.h"

namespace silverback::admin {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kServer = "kong/2.8.5";

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

void AddTable(const Context& context, EndpointTable& table) {
  AddCrudEndpoints(context, table);
  AddRootEndpoints(context, table);
  AddStatusEndpoints(context, table);
  AddSchemaEndpoints(context, table);
  AddTagEndpoints(context, table);
  AddCacheEndpoints(context, table);
  AddConfigEndpoints(context, table);
  AddClusteringEndpoints(context, table);
  AddConsumerEndpoints(context, table);
  AddUpstreamEndpoints(context, table);
  AddCertificateEndpoints(context, table);
  AddPluginEndpoints(context, table);
  AddAclEndpoints(context, table);
  AddProxyCacheEndpoints(context, table);
  AddAcmeEndpoints(context, table);
}

}  // namespace

struct Api::Impl {
  Context context;
  EndpointTable table;

  explicit Impl(const Context& given) : context(given) { AddTable(context, table); }

  Response Dispatch(const Request& request) const;
  Response Run(const Endpoint& endpoint, Call& call) const;
};

Response Api::Impl::Dispatch(const Request& request) const {
  const http::Target target = http::SplitTarget(request.target);
  if (!IsAcceptable(request, target.path)) return HtmlPage(415);

  std::vector<std::string_view> segments = http::PathSegments(target.path);
  if (segments.size() > 1 && segments.back().empty()) segments.pop_back();
  Call call{context, request, {}, {}};
  const Endpoint* endpoint = table.Find(segments, call.params);
  if (endpoint == nullptr) return NotFound();
  if (request.status_listener && !endpoint->on_status_listener) return NotFound();

  Result<Arguments> args = ReadArguments(request, target.query);
  const bool get = request.method == "GET" || request.method == "HEAD";
  const bool known =
      request.method == "OPTIONS" || endpoint->methods.count(get ? "GET" : request.method) != 0;
  const bool hidden = request.status_listener && TakesBody(request.method);
  if (!known || hidden) return MethodNotAllowed();
  if (!args) return ErrorResponse(args.error());
  call.args = *std::move(args);
  return Run(*endpoint, call);
}

Response Api::Impl::Run(const Endpoint& endpoint, Call& call) const {
  if (endpoint.before) {
    if (auto response = endpoint.before(call)) return *std::move(response);
  }
  const std::string& method = call.request.method;
  if (method == "OPTIONS") return Options(endpoint, call.request.status_listener);
  return endpoint.methods.at(method == "HEAD" ? "GET" : method)(call);
}

Api::Api(const config::GatewayConf& conf, const entity::Catalog& catalog, store::Dao& dao,
         Node& node, DeclarativeLoader* loader)
    : impl_(std::make_unique<Impl>(Context{conf, catalog, dao, node, loader})) {}

Api::~Api() = default;

Response Api::Handle(const Request& request) {
  // nginx refuses TRACE itself; other servers get the same page from here.
  if (request.method == "TRACE") return HtmlPage(405);
  const Clock::time_point start = Clock::now();
  Response response;
  try {
    response = impl_->Dispatch(request);
  } catch (const std::exception&) {
    response = MessageResponse(500, "An unexpected error occurred");
  }
  if (request.method == "HEAD") response.body.clear();
  const auto spent = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
  response.headers.emplace_back("Access-Control-Allow-Origin", "*");
  response.headers.emplace_back("Server", kServer);
  response.headers.emplace_back("X-Kong-Admin-Latency", std::to_string(spent.count()));
  return response;
}

}  // namespace silverback::admin
