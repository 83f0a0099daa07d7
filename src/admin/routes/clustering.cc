#include <string>

#include "admin/entity_access.h"
#include "admin/routes/routes.h"

namespace silverback::admin {
namespace {

constexpr size_t kDataPlanesPerPage = 1000;
constexpr const char* kDataPlanes = "clustering_data_planes";

bool IsControlPlane(const Context& context) {
  return context.conf.String("role") == "control_plane";
}

Response NeedsControlPlane() {
  return MessageResponse(400,
                         "this endpoint is only available when Kong is configured to run as "
                         "Control Plane for the cluster");
}

Response ListDataPlanes(Call& call) {
  if (!IsControlPlane(call.context)) return NeedsControlPlane();
  const schema::Schema* schema = call.context.catalog.Entity(kDataPlanes);
  if (schema == nullptr) return NotFound();
  const auto options = ReadListOptions(call.args.query, *schema);
  if (!options) return ErrorResponse(options.error());
  const auto page = call.context.dao.List(kDataPlanes, *options);
  return page ? PageResponse(*page, "/clustering/data-planes") : ErrorResponse(page.error());
}

// The older form: every data plane by its id.
Response DataPlanesById(Call& call) {
  if (!IsControlPlane(call.context)) return NeedsControlPlane();
  Json planes = Json::object();
  store::ListOptions options;
  options.size = kDataPlanesPerPage;
  while (true) {
    auto page = call.context.dao.List(kDataPlanes, options);
    if (!page) return ErrorResponse(page.error());
    for (Json& row : page->rows) {
      const std::string id = StringMember(row, "id");
      row.erase("id");
      planes[id] = std::move(row);
    }
    if (!page->offset) return JsonResponse(200, planes);
    options.offset = *page->offset;
  }
}

}  // namespace

void AddClusteringEndpoints(const Context&, EndpointTable& table) {
  table.At("/clustering/data-planes").methods["GET"] = ListDataPlanes;
  table.At("/clustering/status").methods["GET"] = DataPlanesById;
}

}  // namespace silverback::admin
