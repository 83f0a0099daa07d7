#include "admin/api.h"

#include <chrono>
#include <exception>

#include "admin/crud_endpoints.h"
#include "admin/dispatcher.h"
#include "admin/endpoint.h"
#include "admin/extensions.h"
#include "admin/routes/routes.h"

namespace silverback::admin {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kServer = "kong/2.8.5";

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
  AddTransactionEndpoints(context, table);
  AddDebugEndpoints(context, table);
  AddOpenApiEndpoints(context, table);
}

}  // namespace

struct Api::Impl {
  Context context;
  EndpointTable table;

  explicit Impl(const Context& given) : context(given) { AddTable(context, table); }

  Response Answer(const Request& request) const {
    if (auto refusal = Unauthorized(context.conf, request)) return *std::move(refusal);
    Response response = Dispatch(context, table, request);
    if (ExtensionsEnabled(context.conf)) AddExtensionHeaders(context.node, request, response);
    return response;
  }
};

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
    response = impl_->Answer(request);
  } catch (const std::exception&) {
    response = MessageResponse(500, "An unexpected error occurred");
  }
  if (request.method == "HEAD") response.body.clear();
  const auto spent = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
  response.headers.emplace_back("Access-Control-Allow-Origin", "*");
  const config::GatewayConf& conf = impl_->context.conf;
  if (conf.HeaderEnabled("Server")) response.headers.emplace_back("Server", kServer);
  if (conf.HeaderEnabled("X-Kong-Admin-Latency"))
    response.headers.emplace_back("X-Kong-Admin-Latency", std::to_string(spent.count()));
  return response;
}

}  // namespace silverback::admin
