#include <unistd.h>

#include <set>
#include <string>

#include "admin/routes/routes.h"

namespace silverback::admin {
namespace {

constexpr size_t kPluginsPerPage = 1000;

std::string HostName() {
  char name[256] = {};
  if (gethostname(name, sizeof(name) - 1) != 0) return "localhost";
  return name;
}

Result<std::set<std::string>> ConfiguredPlugins(store::Dao& dao) {
  std::set<std::string> names;
  store::ListOptions options;
  options.size = kPluginsPerPage;
  while (true) {
    const auto page = dao.List("plugins", options);
    if (!page) return page.error();
    for (const Json& row : page->rows) names.insert(StringMember(row, "name"));
    if (!page->offset) return names;
    options.offset = *page->offset;
  }
}

Response NodeInformation(Call& call) {
  const Context& context = call.context;
  const auto configured = ConfiguredPlugins(context.dao);
  if (!configured) return ErrorResponse(configured.error());
  Json available = Json::object();
  for (const std::string& name : context.catalog.enabled_plugins()) available[name] = true;
  return JsonResponse(
      200, {{"tagline", "Welcome to kong"},
            {"version", "2.8.5"},
            {"hostname", HostName()},
            {"node_id", context.node.NodeId()},
            {"timers", {{"running", 0}, {"pending", 0}}},  // Nothing here runs on Lua timers.
            {"plugins", {{"available_on_server", available}, {"enabled_in_cluster", *configured}}},
            {"lua_version", context.node.LuaVersion()},
            {"configuration", context.conf.Shown()},
            {"pids", context.node.Pids()}});
}

}  // namespace

void AddRootEndpoints(const Context&, EndpointTable& table) {
  table.At("/").methods["GET"] = NodeInformation;
  table.At("/endpoints").methods["GET"] = [&table](Call&) {
    return JsonResponse(200, {{"data", table.Patterns()}});
  };
}

}  // namespace silverback::admin
