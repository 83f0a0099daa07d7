#include "plugin/body_args.h"

#include "http/multipart.h"
#include "http/query.h"
#include "util/string_util.h"

namespace silverback::plugin {
namespace {

void AddArgument(Json& out, const std::string& name, Json value) {
  const auto found = out.find(name);
  if (found == out.end()) {
    out[name] = std::move(value);
  } else if (found->is_array()) {
    found->push_back(std::move(value));
  } else {
    *found = Json::array({*found, std::move(value)});
  }
}

Json Arguments(std::string_view text) {
  Json out = Json::object();
  for (http::Argument& argument : http::ParseQuery(text)) {
    AddArgument(out, argument.name, argument.value ? Json(std::move(*argument.value)) : Json(true));
  }
  return out;
}

Json Multipart(std::string_view content_type, std::string_view body) {
  Json out = Json::object();
  for (http::Part& part : http::ParseMultipart(body, http::MultipartBoundary(content_type))) {
    if (!part.name.empty()) out[part.name] = std::move(part.data);
  }
  return out;
}

}  // namespace

void PutRepeated(Json& object, const std::string& name, std::string_view value) {
  Json& slot = object[name];
  if (slot.is_null()) {
    slot = value;
  } else if (slot.is_array()) {
    slot.push_back(value);
  } else {
    slot = Json::array({slot, value});
  }
}

Json HeaderFields(const Headers& headers) {
  Json object = Json::object();
  for (const auto& [name, value] : headers) PutRepeated(object, ToLower(name), value);
  return object;
}

Json QueryArguments(std::string_view raw_query) { return Arguments(raw_query); }

std::optional<Json> BodyArguments(std::string_view content_type, std::string_view body) {
  const std::string kind = ToLower(Trim(content_type.substr(0, content_type.find(';'))));
  if (kind == "application/x-www-form-urlencoded") return Arguments(body);
  if (kind == "multipart/form-data") return Multipart(content_type, body);
  if (kind != "application/json") return std::nullopt;
  auto document = ParseJson(body);
  if (!document || !document->is_structured()) return std::nullopt;
  return std::move(*document);
}

std::string WithoutArgument(std::string_view query, std::string_view name) {
  std::string out;
  for (const std::string_view part : Split(query, '&')) {
    if (PercentDecode(part.substr(0, part.find('=')), true) == name) continue;
    if (!out.empty()) out += '&';
    out += part;
  }
  return out;
}

}  // namespace silverback::plugin
