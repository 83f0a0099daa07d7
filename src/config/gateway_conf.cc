#include "config/gateway_conf.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/conf_file.h"
#include "config/loader.h"
#include "config/paths.h"
#include "config/properties.h"

extern char** environ;

namespace silverback::config {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDefaultFiles[] = {"/etc/kong/kong.conf", "/etc/kong.conf"};

Result<std::string> ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf() || in.eof() || fs::file_size(path) == 0)) {
    return Error(ErrorCode::kIo,
                 "could not load config file: " + path + ": " + std::strerror(errno));
  }
  return std::move(text).str();
}

bool Exists(const std::string& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

void Tell(const LogSink& log, const std::string& text) {
  if (log) log(LogLevel::kVerbose, text);
}

Result<Settings> ReadSettings(const LoadOptions& options) {
  std::string path = options.file;
  if (!path.empty() && !Exists(path)) return Error(ErrorCode::kNotFound, "no file at: " + path);
  if (path.empty()) {
    for (const char* candidate : kDefaultFiles) {
      if (Exists(candidate)) {
        path = candidate;
        break;
      }
      Tell(options.log, std::string("no config file found at ") + candidate);
    }
  }
  if (path.empty()) {
    Tell(options.log, "no config file, skip loading");
    return Settings();
  }
  Tell(options.log, "reading config file at " + path);
  auto text = ReadFile(path);
  if (!text) return text.error();
  return ParseConfFile(*text);
}

// The process's own variables: what references in .kong_env stand for.
std::map<std::string, std::string> ProcessEnvironment() {
  std::map<std::string, std::string> variables;
  for (char** at = environ; at && *at; ++at) {
    const std::string_view entry(*at);
    const size_t equals = entry.find('=');
    if (equals != std::string_view::npos) {
      variables.emplace(entry.substr(0, equals), entry.substr(equals + 1));
    }
  }
  return variables;
}

Result<GatewayConf> LoadEnvFile(const std::string& path, const LoadOptions& options) {
  if (!Exists(path)) return Error(ErrorCode::kNotFound, "no file at: " + path);
  Tell(options.log, "reading config file at " + path);
  auto text = ReadFile(path);
  if (!text) return text.error();
  return Loader(options, ParseConfFile(*text), true).Run();
}

// Where the prefix is, of all that names one; nothing else has to be right.
Result<std::string> FindPrefix(const LoadOptions& options) {
  if (const auto set = options.overrides.find("prefix"); set != options.overrides.end()) {
    return AbsolutePath(set->second);
  }
  const auto variable = options.environment.find("KONG_PREFIX");
  if (variable != options.environment.end() && !variable->second.empty()) {
    return AbsolutePath(variable->second);
  }
  auto settings = ReadSettings(options);
  if (!settings) return settings.error();
  const auto set = settings->find("prefix");
  return AbsolutePath(set != settings->end() ? set->second
                                             : Properties().find("prefix")->second.default_value);
}

}  // namespace

Result<GatewayConf> GatewayConf::Load(const LoadOptions& options) {
  if (!options.from_prefix) {
    auto settings = ReadSettings(options);
    if (!settings) return settings.error();
    return Loader(options, *std::move(settings), false).Run();
  }
  auto prefix = FindPrefix(options);
  if (!prefix) return prefix.error();
  if (!Exists(*prefix)) return Error(ErrorCode::kNotFound, "no such prefix: " + *prefix);
  return LoadEnvFile(*prefix + "/.kong_env", options);
}

Result<GatewayConf> GatewayConf::FromEnvFile(const std::string& path) {
  LoadOptions options;
  options.environment = ProcessEnvironment();
  return LoadEnvFile(path, options);
}

std::string GatewayConf::String(std::string_view name) const { return StringMember(values_, name); }

double GatewayConf::Number(std::string_view name, double otherwise) const {
  return NumberMember(values_, name, otherwise);
}

bool GatewayConf::Bool(std::string_view name) const { return BoolMember(values_, name); }

std::vector<std::string> GatewayConf::List(std::string_view name) const {
  std::vector<std::string> list;
  const Json* value = FindMember(values_, name);
  if (!value || !value->is_array()) return list;
  for (const Json& item : *value) {
    if (item.is_string()) list.push_back(item.get<std::string>());
  }
  return list;
}

bool GatewayConf::HeaderEnabled(std::string_view name) const {
  const Json* enabled = FindMember(values_, "enabled_headers");
  return enabled && BoolMember(*enabled, name);
}

const std::vector<Listener>& GatewayConf::listeners(std::string_view property) const {
  static const std::vector<Listener> kNone;
  const auto found = listeners_.find(property);
  return found == listeners_.end() ? kNone : found->second;
}

const std::vector<InjectedDirective>& GatewayConf::injected(std::string_view block) const {
  static const std::vector<InjectedDirective> kNone;
  const auto found = injected_.find(block);
  return found == injected_.end() ? kNone : found->second;
}

Json GatewayConf::Shown() const {
  Json shown = Json::object();
  for (const auto& [name, value] : values_.items()) {
    if (value.is_null()) continue;
    if (IsSensitive(name)) {
      shown[name] = kHidden;
    } else if (const auto reference = references_.find(name); reference != references_.end()) {
      shown[name] = reference->second;
    } else {
      // Lua has one kind of table: an empty list prints as an object.
      shown[name] = value.is_array() && value.empty() ? Json::object() : value;
    }
  }
  return shown;
}

}  // namespace silverback::config
