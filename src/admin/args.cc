#include "admin/args.h"

#include <fmt/format.h>

#include <map>

#include "admin/form_args.h"
#include "admin/infer_types.h"
#include "http/header.h"
#include "http/multipart.h"
#include "http/query.h"
#include "util/string_util.h"

namespace silverback::admin {
namespace {

constexpr std::string_view kNotJson = "Cannot parse JSON body";
constexpr size_t kMaxArguments = 100;
// Bytes that are not UTF-8 pass through the JSON parser as these characters (private use, plane
// 16), so that the answer can name the field they are in.
constexpr uint32_t kStandIn = 0x10FE00;

size_t SequenceLength(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

// The length of the UTF-8 sequence at the start of `text`, or 0 when it is none (RFC 3629).
size_t ValidSequence(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const size_t length = SequenceLength(byte(0));
  if (length == 0 || length > text.size()) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  if (length == 3 && byte(0) == 0xE0 && byte(1) < 0xA0) return 0;  // overlong
  if (length == 3 && byte(0) == 0xED && byte(1) > 0x9F) return 0;  // surrogate
  if (length == 4 && byte(0) == 0xF0 && byte(1) < 0x90) return 0;  // overlong
  if (length == 4 && byte(0) == 0xF4 && byte(1) > 0x8F) return 0;  // above U+10FFFF
  return length;
}

void AppendStandIn(std::string& out, unsigned char byte) {
  const uint32_t code = kStandIn + byte;
  out += static_cast<char>(0xF0 | (code >> 18));
  out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
  out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
  out += static_cast<char>(0x80 | (code & 0x3F));
}

std::string WithStandIns(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t length = ValidSequence(text);
    if (length == 0) {
      AppendStandIn(out, static_cast<unsigned char>(text.front()));
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

std::string WithoutStandIns(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = [&](size_t at) { return static_cast<unsigned char>(text[i + at]); };
    if (i + 3 < text.size() && byte(0) == 0xF4 && byte(1) == 0x8F && (byte(2) & 0x3C) == 0x38) {
      out += static_cast<char>(((byte(2) & 0x03) << 6) | (byte(3) & 0x3F));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

void RemoveStandIns(Json& value) {
  if (value.is_string()) {
    value = WithoutStandIns(value.get_ref<const std::string&>());
  } else if (value.is_structured()) {
    for (auto& item : value) RemoveStandIns(item);
  }
}

// A list is to Lua an object with numbers for names: no field has such a name.
Json ListAsObject(const Json& list) {
  Json object = Json::object();
  for (size_t i = 0; i < list.size(); ++i) object[std::to_string(i + 1)] = list[i];
  return object;
}

Result<Json> ReadJson(const std::string& text) {
  Result<Json> parsed = ParseJson(text);
  if (!parsed && InvalidUtf8At(text) != 0) {
    parsed = ParseJson(WithStandIns(text));
    if (parsed) RemoveStandIns(*parsed);
  }
  if (!parsed || !parsed->is_structured()) {
    return Error(ErrorCode::kInvalidInput, std::string(kNotJson));
  }
  if (parsed->is_array()) return ListAsObject(*parsed);
  return parsed;
}

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

size_t InvalidUtf8At(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    if (static_cast<unsigned char>(text[at]) < 0x80) {
      ++at;
      continue;
    }
    const size_t length = ValidSequence(text.substr(at));
    if (length == 0) return at + 1;
    at += length;
  }
  return 0;
}

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
    Result<Json> body = ReadJson(request.body);
    if (!body) return body.error();
    args.body = *std::move(body);
  } else if (args.kind == BodyKind::kForm) {
    args.body = DecodeArguments(http::ParseQuery(request.body, kMaxArguments));
  } else if (args.kind == BodyKind::kMultipart) {
    args.body = ReadMultipart(request);
  }
  return args;
}

void InferBody(Arguments& args, const schema::Schema& schema, const entity::Catalog& catalog,
               const std::string& name) {
  if (args.kind != BodyKind::kForm && args.kind != BodyKind::kMultipart) return;
  InferTypes(args.body, schema, catalog, name);
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
