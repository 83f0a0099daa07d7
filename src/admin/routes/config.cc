#include <string>

#include "admin/routes/routes.h"
#include "util/string_util.h"

namespace silverback::admin {
namespace {

constexpr std::string_view kNeedsNoDatabase =
    "this endpoint is only available when Kong is configured to not use a database";

// "check_hash=1" in the query or the body; taken out of both, it is no part of the configuration.
bool TakeCheckHash(Arguments& args) {
  bool check = false;
  for (Json* source : {&args.body, &args.query}) {
    auto found = source->find("check_hash");
    if (found == source->end()) continue;
    check = check || *found == "1" || *found == 1;
    source->erase(found);
  }
  return check;
}

Response Load(DeclarativeLoader& loader, const std::string& text, bool check_hash) {
  if (text.empty()) return MessageResponse(400, "expected a declarative configuration");
  if (check_hash && Md5Hex(text) == loader.Hash()) {
    Response unchanged;
    unchanged.status = 304;
    return unchanged;
  }
  const auto entities = loader.LoadText(text);
  return entities ? JsonResponse(201, *entities) : ErrorResponse(entities.error());
}

Response PostConfig(Call& call) {
  DeclarativeLoader* loader = call.context.loader;
  if (loader == nullptr) return MessageResponse(400, kNeedsNoDatabase);
  const bool check_hash = TakeCheckHash(call.args);
  if (call.args.body.contains("_format_version")) {
    const auto entities = loader->LoadDocument(call.args.body);
    return entities ? JsonResponse(201, *entities) : ErrorResponse(entities.error());
  }
  if (const Json* config = FindMember(call.args.body, "config"); config && config->is_string()) {
    return Load(*loader, config->get<std::string>(), check_hash);
  }
  return Load(*loader, call.request.body, check_hash);
}

Response GetConfig(Call& call) {
  DeclarativeLoader* loader = call.context.loader;
  if (loader == nullptr) return MessageResponse(400, kNeedsNoDatabase);
  const auto text = loader->Export();
  return text ? JsonResponse(200, {{"config", *text}}) : ErrorResponse(text.error());
}

}  // namespace

void AddConfigEndpoints(const Context&, EndpointTable& table) {
  Endpoint& config = table.At("/config");
  config.methods["GET"] = GetConfig;
  config.methods["POST"] = PostConfig;
}

}  // namespace silverback::admin
