#include "admin/openapi.h"

#include "admin/extensions.h"
#include "admin/routes/routes.h"

namespace silverback::admin {

void AddOpenApiEndpoints(const Context& context, EndpointTable& table) {
  if (!ExtensionsEnabled(context.conf)) return;
  table.At("/openapi.json").methods["GET"] = [&table](Call& call) {
    return JsonResponse(200, OpenApiDocument(call.context.catalog, table));
  };
}

}  // namespace silverback::admin
