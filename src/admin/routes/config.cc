#include <string>

#include "admin/routes/routes.h"
#include "store/errors.h"
#include "util/low_priority.h"
#include "util/string_util.h"

namespace silverback::admin {
namespace {

constexpr std::string_view kNeedsNoDatabase =
    "this endpoint is only available when Kong is configured to not use a database";

// The arguments of the query and the body as one; the body's count more.
Json AllArguments(Arguments& args) {
  Json all = std::move(args.query);
  all.update(args.body);
  return all;
}

// "check_hash=1"; taken out, it is no part of the configuration.
bool TakeCheckHash(Json& arguments) {
  const auto found = arguments.find("check_hash");
  if (found == arguments.end()) return false;
  const bool check = *found == "1" || *found == 1;
  arguments.erase(found);
  return check;
}

Error InvalidConfiguration(Json fields) {
  std::string message = "declarative config is invalid: " + store::LuaTable(fields);
  return Error(ErrorCode::kDeclarativeConfig, std::move(message), std::move(fields));
}

Response Answer(Result<std::string> entities) {
  if (entities) return JsonTextResponse(201, *std::move(entities));
  const Error& error = entities.error();
  if (error.code() == ErrorCode::kInvalidSize) return MessageResponse(413, error.message());
  return ErrorResponse(error);
}

Response Load(DeclarativeLoader& loader, const std::string& text, bool check_hash) {
  if (text.empty()) return MessageResponse(400, "expected a declarative configuration");
  if (check_hash && Md5Hex(text) == loader.Hash()) {
    Response unchanged;
    unchanged.status = 304;
    return unchanged;
  }
  return Answer(loader.LoadText(text));
}

Response LoadDocument(DeclarativeLoader& loader, Json document) {
  if (const Status texts = CheckTexts(document); !texts)
    return Answer(InvalidConfiguration(texts.error().fields()));
  return Answer(loader.LoadDocument(std::move(document)));
}

Response LoadGiven(DeclarativeLoader& loader, Call& call) {
  Json arguments = AllArguments(call.args);
  const bool check_hash = TakeCheckHash(arguments);
  if (arguments.contains("_format_version")) return LoadDocument(loader, std::move(arguments));
  if (const Json* config = FindMember(arguments, "config"); config && config->is_string()) {
    return Load(loader, config->get<std::string>(), check_hash);
  }
  return Load(loader, call.request.body, check_hash);
}

Response PostConfig(Call& call) {
  DeclarativeLoader* loader = call.context.loader;
  if (loader == nullptr) return MessageResponse(400, kNeedsNoDatabase);
  return AtLowPriority([&] { return LoadGiven(*loader, call); });
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
