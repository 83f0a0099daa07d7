#include "admin/responses.h"

#include <fmt/format.h>

#include "http/status.h"

namespace silverback::admin {
namespace {

int StatusOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUniqueViolation:
      return 409;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kOperationUnsupported:
      return 405;
    case ErrorCode::kUnavailable:
      return 503;
    case ErrorCode::kDatabaseError:
    case ErrorCode::kIo:
    case ErrorCode::kInternal:
      return 500;
    default:
      return 400;
  }
}

// "invalid unique name": the only kind of error whose name says which field it is about.
std::string NameOf(const Error& error) {
  std::string name = ErrorName(error.code());
  if (error.code() == ErrorCode::kInvalidUnique && error.fields().is_object() &&
      !error.fields().empty()) {
    name += " " + error.fields().begin().key();
  }
  return name;
}

void AddFields(const Error& error, Json& body) {
  const Json& fields = error.fields();
  if (error.code() == ErrorCode::kInvalidUnique || !fields.is_structured() || fields.empty())
    return;
  body[error.code() == ErrorCode::kInvalidOptions ? "options" : "fields"] = fields;
}

}  // namespace

Response JsonResponse(int status, const Json& body) {
  return JsonTextResponse(status, DumpJson(body));
}

Response JsonTextResponse(int status, std::string body) {
  Response response;
  response.status = status;
  response.headers.emplace_back("Content-Type", "application/json; charset=utf-8");
  response.body = std::move(body);
  return response;
}

Response MessageResponse(int status, std::string_view message) {
  return JsonResponse(status, {{"message", message}});
}

Response NoContent() {
  Response response;
  response.status = 204;
  return response;
}

Response NotFound() { return MessageResponse(404, "Not found"); }

Response MethodNotAllowed() { return MessageResponse(405, "Method not allowed"); }

Response HtmlPage(int status) {
  Response response;
  response.status = status;
  response.headers.emplace_back("Content-Type", "text/html; charset=UTF-8");
  response.body = http::StatusPage(status);
  return response;
}

Response ErrorResponse(const Error& error) {
  const int status = StatusOf(error.code());
  if (error.code() == ErrorCode::kUnavailable) {
    return MessageResponse(status, "The datastore is not available");
  }
  if (status == 500) return MessageResponse(status, "An unexpected error occurred");
  if (error.code() == ErrorCode::kInvalidInput) return MessageResponse(status, error.message());
  Json body = {{"code", static_cast<int>(error.code())},
               {"name", NameOf(error)},
               {"message", error.message()}};
  AddFields(error, body);
  return JsonResponse(status, body);
}

}  // namespace silverback::admin
