#include "store/declarative/document.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "store/declarative/lua_reader.h"
#include "store/declarative/yaml_reader.h"
#include "store/errors.h"
#include "util/string_util.h"

namespace silverback::store::declarative {
namespace {

constexpr std::string_view kFailed = "failed parsing declarative configuration";

Error Unusable(std::string message) {
  Json fields = {{"error", std::move(message)}};
  std::string text = "declarative config is invalid: " + LuaTable(fields);
  return Error(ErrorCode::kDeclarativeConfig, std::move(text), std::move(fields));
}

Error Failed(const std::string& why) {
  return Unusable(std::string(kFailed) + (why.empty() ? "" : ": " + why));
}

// Tries the kinds that are allowed, JSON first.
Result<Json> Parse(std::string_view text, bool json, bool yaml, bool lua) {
  std::string why;
  const auto take = [&](Result<Json> content, const char* otherwise) -> std::optional<Json> {
    if (!content) {
      why = content.error().message();
      return std::nullopt;
    }
    if (content->is_structured()) return *std::move(content);
    why = otherwise;
    return std::nullopt;
  };
  if (json) {
    if (auto content = take(ParseJson(text), "")) return *std::move(content);
  }
  if (yaml) {
    if (auto content = take(ReadYaml(text), "expected an object")) return *std::move(content);
  }
  if (lua) {
    if (auto content = take(ReadLua(text), "")) return *std::move(content);
  }
  return Failed(why);
}

Result<Document> WithHash(Result<Json> content, std::string_view text) {
  if (!content) return content.error();
  return Document{*std::move(content), Md5Hex(text)};
}

}  // namespace

Result<Document> ParseText(std::string_view text) {
  return WithHash(Parse(text, true, true, false), text);
}

Result<Document> ParseNamedText(std::string_view text, std::string_view filename) {
  const bool json = filename.ends_with("json");
  const bool yaml = filename.ends_with("yml") || filename.ends_with("yaml");
  const bool lua = filename.ends_with("lua");
  if (!json && !yaml && !lua) {
    return Unusable("unknown file type: " + std::string(filename) +
                    ". (Accepted types: json, lua, yaml)");
  }
  return WithHash(Parse(text, json, yaml, lua), text);
}

Result<Document> ParseFile(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  if (!file) {
    const int reason = errno != 0 ? errno : EIO;
    return Error(ErrorCode::kIo, path + ": " + std::strerror(reason));
  }
  return ParseNamedText(text.view(), path);
}

}  // namespace silverback::store::declarative
