#include "admin/args.h"

#include <fmt/format.h>

#include <map>

#include "admin/form_args.h"
#include "admin/infer_types.h"
#include "admin/json_body.h"
#include "http/header.h"
#include "http/multipart.h"
#include "http/query.h"
#include "util/string_util.h"

namespace silverback::admin {
namespace {

constexpr size_t kMaxArguments = 100;
Json ReadMultipart(const Request& request) {
  const std::string* type = http::FindHeader(request.headers, "Content-Type");
  std::map<std::string, std::string> last;
  for (http::Part& part :
       http::ParseMultipart(request.body, http::MultipartBoundary(*type), kMaxArguments)) {
    if (!part.name.empty()) last[part.name] = std::move(part.data);
  }
  std::vector<http::Argument> arguments;
  for (auto& [name, value] : last) arguments.push_back({name, std::move(value)});
  return DecodeArguments(arguments);
}

bool TakesBody(const std::string& method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

// What is wrong with a text, or "".
std::string TextProblem(const std::string& text) {
  if (const size_t at = InvalidUtf8At(text)) {
    return fmt::format("invalid utf-8 character sequence detected at position {}", at);
  }
  if (text.find('\0') != std::string::npos) return "must not contain a NUL character";
  return "";
}

// The problems of `value` in the same shape as it, or null.
Json TextProblems(const Json& value) {
  if (value.is_string()) {
    std::string problem = TextProblem(value.get_ref<const std::string&>());
    return problem.empty() ? Json() : Json(std::move(problem));
  }
  Json problems;
  if (value.is_array()) {
    for (size_t i = 0; i < value.size(); ++i) {
      Json problem = TextProblems(value[i]);
      if (!problem.is_null()) problems[i] = std::move(problem);
    }
  } else if (value.is_object()) {
    for (const auto& [name, member] : value.items()) {
      const bool bad_name = !TextProblem(name).empty();
      Json problem = bad_name ? Json("unknown field") : TextProblems(member);
      if (!problem.is_null()) problems[bad_name ? "?" : name] = std::move(problem);
    }
  }
  return problems;
}

}  // namespace

BodyKind BodyKindOf(const Request& request) {
  const std::string* type = http::FindHeader(request.headers, "Content-Type");
  if (type == nullptr) return request.body.empty() ? BodyKind::kNone : BodyKind::kOther;
  if (type->starts_with("application/json")) return BodyKind::kJson;
  if (type->starts_with("application/x-www-form-urlencoded")) return BodyKind::kForm;
  if (type->starts_with("multipart/form-data")) return BodyKind::kMultipart;
  if (type->starts_with("text/yaml") || type->starts_with("application/yaml")) {
    return BodyKind::kYaml;
  }
  return BodyKind::kOther;
}

Result<Arguments> ReadArguments(const Request& request, std::string_view query) {
  Arguments args;
  args.query = DecodeArguments(http::ParseQuery(query, kMaxArguments));
  if (!TakesBody(request.method)) return args;
  args.kind = BodyKindOf(request);
  if (args.kind == BodyKind::kJson) {
    Result<Json> body = ReadJsonBody(request.body);
    if (!body) return body.error();
    args.body = *std::move(body);
  } else if (args.kind == BodyKind::kForm) {
    args.body = DecodeArguments(http::ParseQuery(request.body, kMaxArguments));
  } else if (args.kind == BodyKind::kMultipart) {
    args.body = ReadMultipart(request);
  }
  return args;
}

void InferBody(Arguments& args, const schema::Schema& schema, const entity::Catalog& catalog) {
  if (args.kind != BodyKind::kForm && args.kind != BodyKind::kMultipart) return;
  InferTypes(args.body, schema, catalog);
  if (!schema.has_ttl()) return;
  auto ttl = args.body.find("ttl");
  if (ttl == args.body.end() || !ttl->is_string()) return;
  if (const auto number = FormNumber(ttl->get_ref<const std::string&>())) *ttl = *number;
}

Status CheckTexts(const Json& body) {
  Json problems = TextProblems(body);
  if (problems.is_null()) return Ok();
  std::string message = schema::ViolationMessage(problems);
  return Error(ErrorCode::kSchemaViolation, std::move(message), std::move(problems));
}

}  // namespace silverback::admin
