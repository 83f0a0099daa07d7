#include "config/loader.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <set>

#include "config/bundled_plugins.h"
#include "config/cipher_suites.h"
#include "config/conf_checks.h"
#include "config/deprecated.h"
#include "config/headers.h"
#include "config/injected.h"
#include "config/listeners.h"
#include "config/paths.h"
#include "config/properties.h"
#include "config/references.h"
#include "config/show.h"
#include "util/string_util.h"

namespace silverback::config {
namespace {

std::string EnvironmentName(std::string_view property) {
  std::string name = "KONG_" + std::string(property);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return name;
}

Json ParseNumber(std::string_view text) {
  text = Trim(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  const bool negative = text.starts_with('-');
  const std::string_view digits = text.substr(negative ? 1 : 0);
  if (digits.starts_with("0x") || digits.starts_with("0X")) {
    uint32_t number = 0;
    const char* last = digits.data() + digits.size();
    const auto [end, error] = std::from_chars(digits.data() + 2, last, number, 16);
    if (error != std::errc() || end != last) return {};
    return negative ? -static_cast<int64_t>(number) : static_cast<int64_t>(number);
  }
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() ||
      !std::isfinite(number)) {
    return {};
  }
  if (number == std::floor(number) && std::abs(number) < 9e15) return static_cast<int64_t>(number);
  return number;
}

Json ParseList(std::string_view text) {
  Json list = Json::array();
  if (text.empty()) return list;
  for (const std::string_view part : Split(text, ',')) list.push_back(std::string(Trim(part)));
  return list;
}

Json ParseValue(std::string_view text, PropertyType type) {
  text = Trim(text);
  switch (type) {
    case PropertyType::kBoolean:
      return text == "on" || text == "true";
    case PropertyType::kNgxBoolean:
      return text == "on" || text == "true" ? "on" : "off";
    case PropertyType::kNumber:
      return ParseNumber(text);
    case PropertyType::kArray:
      return ParseList(text);
    case PropertyType::kString:
      break;
  }
  return text.empty() ? Json() : Json(text);
}

// Memory that the Lua side of a plugin expects.
void AddSharedDict(std::vector<InjectedDirective>& directives, const std::string& name) {
  const auto after = std::find_if(directives.begin(), directives.end(),
                                  [](const auto& item) { return item.name > "lua_shared_dict"; });
  const bool given = std::any_of(directives.begin(), after, [&](const auto& item) {
    return item.name == "lua_shared_dict" && item.value.find(name) != std::string::npos;
  });
  if (!given) directives.insert(after, {"lua_shared_dict", name + " 5m"});
}

bool HasUserKong() { return getpwnam("kong") != nullptr && getgrnam("kong") != nullptr; }

}  // namespace

Loader::Loader(const LoadOptions& options, Source source)
    : options_(options), source_(std::move(source)) {}

Result<GatewayConf> Loader::Run() {
  Merge();
  ApplyOldNames(user_, source_.is_env_file ? LogSink() : options_.log);
  for (const auto& [name, property] : Properties()) settings_[name] = property.default_value;
  for (const auto& [name, value] : user_) settings_[name] = value;
  ChooseDatabase();
  if (Status resolved = ResolveReferences(); !resolved) return resolved.error();
  Type();
  const std::vector<std::string> found = CheckAndComplete(conf_.values_, options_.log);
  mistakes_.insert(mistakes_.end(), found.begin(), found.end());
  if (!mistakes_.empty()) return Mistakes();
  ChooseUser();
  conf_.injected_ = CollectInjected(conf_.values_);
  LogValues();
  DerivePlugins();
  if (Status listeners = DeriveListeners(); !listeners) return listeners.error();
  conf_.values_["enabled_headers"] = EnabledHeaders(conf_.List("headers"));
  DerivePaths();
  DeriveDhParameters();
  for (const auto& [block, list] : conf_.injected_) conf_.values_[block] = ShowInjected(list);
  if (conf_.List("dns_order").empty()) {
    return Error(ErrorCode::kInternal, "Invalid order list; cannot be empty");
  }
  if (options_.log) options_.log(LogLevel::kVerbose, "prefix in use: " + conf_.prefix_);
  return std::move(conf_);
}

void Loader::Merge() {
  Settings& file = source_.settings;
  for (const auto& [name, property] : Properties()) {
    const auto given = file.find(name);
    if (given == file.end()) continue;
    for (const std::string& directive : property.directives) file[directive] = given->second;
  }
  std::set<std::string> names;
  for (const auto& [name, property] : Properties()) names.insert(name);
  const auto add_dynamic = [&](const std::string& name) {
    if (IsDynamicProperty(name)) names.insert(name);
  };
  for (const auto& [name, value] : file) add_dynamic(name);
  for (const auto& [name, value] : options_.overrides) add_dynamic(name);
  if (!source_.is_env_file) {
    for (const auto& [name, value] : options_.environment) {
      if (name.starts_with("KONG_")) add_dynamic(ToLower(std::string_view(name).substr(5)));
    }
  }
  for (const std::string& name : names) {
    if (const auto found = file.find(name); found != file.end()) user_[name] = found->second;
    const std::string variable = EnvironmentName(name);
    const auto set = options_.environment.find(variable);
    if (!source_.is_env_file && set != options_.environment.end()) {
      user_[name] = set->second;
      if (options_.log) {
        options_.log(LogLevel::kDebug,
                     fmt::format("{} ENV found with \"{}\"", variable,
                                 IsSensitive(name) ? kHidden : std::string_view(set->second)));
      }
    }
    if (const auto found = options_.overrides.find(name); found != options_.overrides.end()) {
      user_[name] = found->second;
    }
  }
}

// Without any word about a database the embedded one serves.
void Loader::ChooseDatabase() {
  if (user_.contains("database")) return;
  const bool postgres = std::any_of(user_.begin(), user_.end(), [](const auto& setting) {
    return setting.first.starts_with("pg_") && !setting.second.empty();
  });
  settings_["database"] = postgres ? "postgres" : "sqlite";
}

Status Loader::ResolveReferences() {
  for (auto& [name, value] : settings_) {
    const std::string_view text = Trim(value);
    if (!IsReference(text)) continue;
    const std::string reference(text);
    auto secret = Resolve(reference);
    if (!secret) {
      return Error(ErrorCode::kUnavailable,
                   fmt::format("failed to dereference '{}': {} for config option '{}'", reference,
                               secret.error().message(), name));
    }
    conf_.references_[name] = {reference, *secret};
    value = *std::move(secret);
  }
  return Ok();
}

Result<std::string> Loader::Resolve(const std::string& reference) const {
  const auto kept = source_.secrets.find(reference);
  const bool is_kept = kept != source_.secrets.end();
  if (is_kept && source_.secrets_first) return kept->second;
  const Settings environment(options_.environment.begin(), options_.environment.end());
  auto secret = Dereference(reference, environment, settings_);
  if (!secret && is_kept) return kept->second;
  return secret;
}

void Loader::Type() {
  static const Property kDynamic;
  for (const auto& [name, text] : settings_) {
    const auto known = Properties().find(name);
    const Property& property = known == Properties().end() ? kDynamic : known->second;
    Json value = ParseValue(text, property.type);
    const std::string shown = value.is_string() ? value.get<std::string>() : "nil";
    const std::vector<std::string>& allowed = property.allowed;
    const bool embedded = name == "database" && shown == "sqlite";
    if (!allowed.empty() && !embedded &&
        std::find(allowed.begin(), allowed.end(), shown) == allowed.end()) {
      mistakes_.push_back(
          fmt::format("{} has an invalid value: '{}' ({})", name, shown, Join(allowed, ", ")));
    }
    conf_.values_[name] = std::move(value);
  }
  conf_.database_ = conf_.String("database");
  if (conf_.values_["lua_package_cpath"].is_null()) conf_.values_["lua_package_cpath"] = "";
}

Error Loader::Mistakes() const {
  return Error(ErrorCode::kInvalidInput, mistakes_[0], Json(mistakes_));
}

// The workers' user: none when it is nginx' own default, or Kong's default and not there.
void Loader::ChooseUser() {
  const auto words = [&](std::string_view property) {
    const std::string value = conf_.String(property);
    std::vector<std::string> parts;
    for (const std::string_view part : Split(value, ' ')) {
      if (!part.empty()) parts.emplace_back(part);
    }
    return Join(parts, " ");
  };
  int defaults = 0;
  for (const char* property : {"nginx_main_user", "nginx_user"}) {
    const std::string user = words(property);
    if (user == "nobody" || user == "nobody nobody") conf_.values_[property] = nullptr;
    if (user == "kong" || user == "kong kong") ++defaults;
  }
  if (defaults == 2 && !HasUserKong()) {
    conf_.values_["nginx_main_user"] = conf_.values_["nginx_user"] = nullptr;
  }
}

void Loader::LogValues() const {
  if (!options_.log) return;
  for (const auto& [name, value] : conf_.values_.items()) {
    if (value.is_null()) continue;
    const auto reference = conf_.references_.find(name);
    const Json shown = IsSensitive(name)                      ? Json(kHidden)
                       : reference != conf_.references_.end() ? Json(reference->second.text)
                                                              : value;
    options_.log(LogLevel::kDebug, fmt::format("{} = {}", name, AsLua(shown)));
  }
}

Status Loader::DeriveListeners() {
  for (const std::string_view property : kListenProperties) {
    auto listeners = ParseListeners(property, conf_.List(property));
    if (!listeners) return listeners.error();
    Json shown = Json::array();
    bool ssl = false;
    for (const Listener& listener : *listeners) {
      shown.push_back(ShowListener(property, listener));
      ssl = ssl || listener.ssl;
    }
    const std::string stem(property.substr(0, property.find('_')));
    conf_.values_[std::string(property) + "ers"] = std::move(shown);
    if (stem == "stream") {
      conf_.values_["stream_proxy_ssl_enabled"] = ssl;
    } else if (stem != "cluster") {
      conf_.values_[stem + "_ssl_enabled"] = ssl;
    }
    conf_.listeners_.emplace(property, *std::move(listeners));
  }
  return Ok();
}

void Loader::DerivePlugins() {
  std::set<std::string> enabled;
  const std::vector<std::string> names = conf_.List("plugins");
  if (!names.empty() && names[0] != "off") {
    for (const std::string& name : names) {
      if (name == "bundled") {
        enabled.insert(kBundledPlugins.begin(), kBundledPlugins.end());
      } else if (name != "off" && !name.empty()) {
        enabled.insert(name);
      }
    }
  }
  conf_.plugins_.assign(enabled.begin(), enabled.end());
  if (enabled.contains("prometheus")) {
    AddSharedDict(conf_.injected_["nginx_http_directives"], "prometheus_metrics");
    AddSharedDict(conf_.injected_["nginx_stream_directives"], "stream_prometheus_metrics");
  }
  Json loaded = Json::object();
  for (const std::string& name : enabled) loaded[name] = true;
  conf_.values_["loaded_plugins"] = std::move(loaded);
  Json vaults = Json::object();
  const std::vector<std::string> vault_names = conf_.List("vaults");
  for (const std::string& name : vault_names) {
    if (vault_names[0] == "off") break;
    if (name != "off") vaults[name == "bundled" ? "env" : name] = true;
  }
  conf_.values_["loaded_vaults"] = std::move(vaults);
}

void Loader::MakeAbsolute(std::string_view property) {
  Json& value = conf_.values_[std::string(property)];
  if (value.is_string()) value = AbsolutePathIfExists(value.get<std::string>());
  if (!value.is_array()) return;
  for (Json& item : value) item = AbsolutePathIfExists(item.get<std::string>());
}

void Loader::DerivePaths() {
  conf_.prefix_ = AbsolutePath(conf_.String("prefix"));
  conf_.values_["prefix"] = conf_.prefix_;
  for (const char* property :
       {"ssl_cert", "ssl_cert_key", "admin_ssl_cert", "admin_ssl_cert_key", "status_ssl_cert",
        "status_ssl_cert_key", "client_ssl_cert", "client_ssl_cert_key", "cluster_cert",
        "cluster_cert_key", "cluster_ca_cert", "lua_ssl_trusted_certificate", "dns_hostsfile",
        "declarative_config"}) {
    MakeAbsolute(property);
  }
  if (!conf_.List("lua_ssl_trusted_certificate").empty()) {
    conf_.values_["lua_ssl_trusted_certificate_combined"] = conf_.prefix_ + "/.ca_combined";
  }
  for (const auto& [property, path] : kPrefixPaths) {
    conf_.values_[std::string(property)] = conf_.prefix_ + "/" + std::string(path);
  }
}

// Named groups become files of the prefix; without a TLS listener nothing needs them.
void Loader::DeriveDhParameters() {
  const bool ssl = conf_.Bool("proxy_ssl_enabled") || conf_.Bool("stream_proxy_ssl_enabled") ||
                   conf_.Bool("admin_ssl_enabled") || conf_.Bool("status_ssl_enabled");
  for (const char* block : {"nginx_http_directives", "nginx_stream_directives"}) {
    std::vector<InjectedDirective>& list = conf_.injected_[block];
    const auto found = std::find_if(list.begin(), list.end(), [](const InjectedDirective& item) {
      return item.name == "ssl_dhparam";
    });
    if (found == list.end()) continue;
    if (!IsDhGroup(found->value)) {
      found->value = AbsolutePathIfExists(found->value);
    } else if (ssl) {
      found->value = conf_.prefix_ + "/ssl/" + found->value + ".pem";
    } else {
      list.erase(found);
    }
  }
}

}  // namespace silverback::config
