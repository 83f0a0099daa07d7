#include "admin/routes/routes.h"

namespace silverback::admin {

void AddPluginEndpoints(const Context&, EndpointTable& table) {
  table.At("/plugins/enabled").methods["GET"] = [](Call& call) {
    return JsonResponse(200, {{"enabled_plugins", call.context.catalog.enabled_plugins()}});
  };
}

}  // namespace silverback::admin
