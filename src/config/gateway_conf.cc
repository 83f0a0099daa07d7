#include "config/gateway_conf.h"

#include "config/files.h"
#include "config/loader.h"
#include "config/paths.h"
#include "config/process_secrets.h"
#include "config/properties.h"

extern char** environ;

namespace silverback::config {
namespace {

constexpr const char* kDefaultFiles[] = {"/etc/kong/kong.conf", "/etc/kong.conf"};

void Tell(const LogSink& log, const std::string& text) {
  if (log) log(LogLevel::kVerbose, text);
}

Result<Loader::Source> ReadSource(const std::string& path, const LogSink& log) {
  Tell(log, "reading config file at " + path);
  auto text = ReadWholeFile(path);
  if (!text) return text.error();
  Loader::Source source;
  source.settings = ParseConfFile(*text);
  if (path.ends_with("/.kong_env")) source.secrets = SecretsBeside(path, *text);
  return source;
}

Result<Loader::Source> FindSource(const LoadOptions& options) {
  if (!options.file.empty()) {
    if (!FileExists(options.file)) {
      return Error(ErrorCode::kNotFound, "no file at: " + options.file);
    }
    return ReadSource(options.file, options.log);
  }
  for (const char* candidate : kDefaultFiles) {
    if (FileExists(candidate)) return ReadSource(candidate, options.log);
    Tell(options.log, std::string("no config file found at ") + candidate);
  }
  Tell(options.log, "no config file, skip loading");
  return Loader::Source();
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

Result<GatewayConf> LoadEnvFile(const std::string& path, const LoadOptions& options,
                                bool secrets_first) {
  if (!FileExists(path)) return Error(ErrorCode::kNotFound, "no file at: " + path);
  auto source = ReadSource(path, options.log);
  if (!source) return source.error();
  source->is_env_file = true;
  source->secrets_first = secrets_first;
  return Loader(options, *std::move(source)).Run();
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
  const auto source = FindSource(options);
  if (!source) return source.error();
  const auto set = source->settings.find("prefix");
  return AbsolutePath(set != source->settings.end()
                          ? set->second
                          : Properties().find("prefix")->second.default_value);
}

}  // namespace

Result<GatewayConf> GatewayConf::Load(const LoadOptions& options) {
  if (!options.from_prefix) {
    auto source = FindSource(options);
    if (!source) return source.error();
    return Loader(options, *std::move(source)).Run();
  }
  const auto prefix = FindPrefix(options);
  if (!prefix) return prefix.error();
  if (!FileExists(*prefix)) return Error(ErrorCode::kNotFound, "no such prefix: " + *prefix);
  return LoadEnvFile(*prefix + "/.kong_env", options, false);
}

Result<GatewayConf> GatewayConf::FromEnvFile(const std::string& path) {
  LoadOptions options;
  options.environment = ProcessEnvironment();
  return LoadEnvFile(path, options, true);
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
    if (value.is_null() || (name == "admin_extensions" && value == false)) continue;
    if (IsSensitive(name)) {
      shown[name] = kHidden;
    } else if (const auto reference = references_.find(name); reference != references_.end()) {
      shown[name] = reference->second.text;
    } else {
      // Lua has one kind of table: an empty list prints as an object.
      shown[name] = value.is_array() && value.empty() ? Json::object() : value;
    }
  }
  return shown;
}

}  // namespace silverback::config
