#include <fmt/format.h>

#include <string>

#include "admin/dispatcher.h"
#include "admin/extensions.h"
#include "admin/routes/routes.h"

namespace silverback::admin {
namespace {

constexpr size_t kMaxOperations = 1000;

// Only what the store can take back may be part of a transaction.
bool IsEntityPath(std::string_view path) {
  for (std::string_view other : {"/transactions", "/config", "/cache", "/proxy-cache", "/acme"}) {
    const std::string_view rest =
        path.substr(0, other.size()) == other ? path.substr(other.size()) : std::string_view("x");
    if (rest.empty() || rest.front() == '/' || rest.front() == '?') return false;
  }
  return path.substr(0, 1) == "/";
}

Result<Request> ReadOperation(const Json& operation) {
  Request request;
  request.method = StringMember(operation, "method");
  request.target = StringMember(operation, "path");
  const bool known = request.method == "POST" || request.method == "PUT" ||
                     request.method == "PATCH" || request.method == "DELETE";
  if (!known) return Error(ErrorCode::kInvalidInput, "method must be POST, PUT, PATCH or DELETE");
  if (!IsEntityPath(request.target)) {
    return Error(ErrorCode::kInvalidInput, "path must be that of an entity or a collection");
  }
  if (const Json* body = FindMember(operation, "body")) {
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = DumpJson(*body);
  }
  if (const Json* condition = FindMember(operation, "if_match");
      condition && condition->is_string()) {
    request.headers.emplace_back("If-Match", condition->get<std::string>());
  }
  return request;
}

Json BodyOf(const Response& response) {
  const Result<Json> body = ParseJson(response.body);
  return body ? *body : Json();
}

Response Failed(size_t index, int status, Json error) {
  return JsonResponse(status, {{"message", fmt::format("operation {} failed", index + 1)},
                               {"operation", index + 1},
                               {"error", std::move(error)}});
}

Response RunOperations(const Context& context, const EndpointTable& table, const Json& operations) {
  Json results = Json::array();
  for (size_t i = 0; i < operations.size(); ++i) {
    const Result<Request> request = ReadOperation(operations[i]);
    if (!request) return Failed(i, 400, {{"message", request.error().message()}});
    const Response response = Dispatch(context, table, *request);
    if (response.status >= 400) return Failed(i, response.status, BodyOf(response));
    results.push_back({{"status", response.status}, {"body", BodyOf(response)}});
  }
  return JsonResponse(200, {{"results", results}});
}

}  // namespace

void AddTransactionEndpoints(const Context& context, EndpointTable& table) {
  if (!ExtensionsEnabled(context.conf)) return;
  table.At("/transactions").methods["POST"] = [&table](Call& call) {
    const Json* operations = FindMember(call.args.body, "operations");
    if (operations == nullptr || !operations->is_array()) {
      return MessageResponse(400, "operations must be a list");
    }
    if (operations->size() > kMaxOperations) {
      return MessageResponse(400, fmt::format("more than {} operations", kMaxOperations));
    }
    return InTransaction(call.context, [&](const Context& inner) {
      return RunOperations(inner, table, *operations);
    });
  };
}

}  // namespace silverback::admin
