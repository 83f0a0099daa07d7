#include "plugin/body_args.h"

#include <algorithm>
#include <map>

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

void AppendArgument(std::string& out, std::string_view name, const Json& value) {
  if (!out.empty()) out += '&';
  out += PercentEncode(name);
  if (value.is_string()) out.append("=").append(PercentEncode(value.get_ref<const std::string&>()));
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

std::string EncodeArguments(const Json& arguments) {
  std::vector<std::string> parts;
  for (const auto& [name, value] : arguments.items()) {
    std::string part;
    for (const Json& one : value.is_array() ? value : Json::array({value}))
      AppendArgument(part, name, one);
    parts.push_back(std::move(part));
  }
  std::sort(parts.begin(), parts.end());
  return Join(parts, "&");
}

std::string EncodeMultipart(const Json& arguments, std::string_view boundary) {
  std::map<std::string, std::string> parts;
  for (const auto& [name, value] : arguments.items()) {
    if (value.is_string()) parts[name] = value.get<std::string>();
  }
  std::string out;
  for (const auto& [name, value] : parts) {
    out.append("--").append(boundary).append("\r\nContent-Disposition: form-data; name=\"");
    out.append(name).append("\"\r\n\r\n").append(value).append("\r\n");
  }
  return out.append("--").append(boundary).append("--\r\n");
}

std::string WithoutArgument(std::string_view query, std::string_view name) {
  Json arguments = Arguments(query);
  arguments.erase(std::string(name));
  return EncodeArguments(arguments);
}

}  // namespace silverback::plugin
