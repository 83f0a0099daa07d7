#include <string>

#include "admin/routes/routes.h"
#include "util/string_util.h"

namespace silverback::admin {
namespace {

// What the plugin does not hold is answered by nginx's page, also for an unknown plugin.
Response GetEntry(Call& call, const std::string& plugin_id, const std::string& key) {
  const auto entry = call.context.node.ProxyCacheGet(plugin_id, key);
  return entry ? JsonResponse(200, *entry) : HtmlPage(404);
}

Response DeleteEntry(Call& call, const std::string& plugin_id, const std::string& key) {
  return call.context.node.ProxyCacheDelete(plugin_id, key) ? NoContent() : HtmlPage(404);
}

}  // namespace

void AddProxyCacheEndpoints(const Context& context, EndpointTable& table) {
  if (context.catalog.Plugin("proxy-cache") == nullptr) return;
  table.At("/proxy-cache").methods["DELETE"] = [](Call& call) {
    call.context.node.ProxyCachePurge();
    return NoContent();
  };
  Endpoint& any = table.At("/proxy-cache/{cache_key}");
  any.methods["GET"] = [](Call& call) { return GetEntry(call, "", call.params[0]); };
  any.methods["DELETE"] = [](Call& call) { return DeleteEntry(call, "", call.params[0]); };
  Endpoint& one = table.At("/proxy-cache/{plugin_id}/caches/{cache_key}");
  one.methods["GET"] = [](Call& call) {
    return GetEntry(call, ToLower(call.params[0]), call.params[1]);
  };
  one.methods["DELETE"] = [](Call& call) {
    return DeleteEntry(call, ToLower(call.params[0]), call.params[1]);
  };
}

}  // namespace silverback::admin
