#include "config/nginx_files.h"

#include <sys/resource.h>
#include <algorithm>
#include <cstdlib>
#include <span>

#include "config/files.h"
#include "config/nginx_translation.h"
#include "config/template.h"
#include "util/embedded.h"
#include "util/string_util.h"

namespace silverback::embedded {
std::span<const util::EmbeddedFile> nginx_templates();
}  // namespace silverback::embedded

namespace silverback::config {
namespace {

constexpr double kMostFiles = 16384;

std::string_view Template(std::string_view name) {
  for (const util::EmbeddedFile& file : embedded::nginx_templates()) {
    if (file.path.ends_with("/" + std::string(name))) return file.text;
  }
  return "";
}

// "auto" becomes what the system allows.
void ReplaceAuto(Json& directives, std::string_view name) {
  for (Json& directive : directives) {
    if (directive["name"] == name && directive["value"] == "auto") {
      directive["value"] = static_cast<int64_t>(std::min(OpenFileLimit(), kMostFiles));
    }
  }
}

// Directives of the Lua module stand in the settings of every node; without the module nginx would
// not know them.
void DropLuaDirectives(Json& directives) {
  Json kept = Json::array();
  for (Json& directive : directives) {
    if (!directive["name"].get_ref<const std::string&>().starts_with("lua_")) {
      kept.push_back(std::move(directive));
    }
  }
  directives = std::move(kept);
}

std::string FromEnvironment(const char* variable) {
  const char* value = std::getenv(variable);
  return value ? value : "";
}

// OpenSSL 3 speaks TLS 1.0 and 1.1 at its security level 0 only.
void AllowOldProtocols(const GatewayConf& conf, Json& ciphers) {
  if (!ciphers.is_string()) return;
  const std::string& list = ciphers.get_ref<const std::string&>();
  if (list.find("@SECLEVEL") != list.npos) return;
  const std::string protocols = conf.String("nginx_http_ssl_protocols");
  for (const std::string_view protocol : Split(protocols, ' ')) {
    if (protocol == "TLSv1" || protocol == "TLSv1.1") {
      ciphers = list + ":@SECLEVEL=0";
      return;
    }
  }
}

Json TemplateEnvironment(const GatewayConf& conf) {
  Json environment = conf.values();
  ReplaceAuto(environment["nginx_main_directives"], "worker_rlimit_nofile");
  ReplaceAuto(environment["nginx_events_directives"], "worker_connections");
  AllowOldProtocols(conf, environment["ssl_ciphers"]);
  environment["dns_resolver"] = Join(conf.List("dns_resolver"), " ");
  environment["lua_package_path"] =
      conf.String("lua_package_path") + ";" + FromEnvironment("LUA_PATH");
  environment["lua_package_cpath"] =
      conf.String("lua_package_cpath") + ";" + FromEnvironment("LUA_CPATH");
  return environment;
}

std::vector<std::string> Modules(const PrefixOptions& options, bool stream, bool lua) {
  std::vector<std::string> modules;
  if (lua) {
    modules.push_back(options.nginx_modules_dir + "/ndk_http_module.so");
    modules.push_back(options.nginx_modules_dir + "/ngx_http_lua_module.so");
  }
  // silverback_stream.so holds all that silverback_http.so does (doc/decisions/stream_module.md).
  if (stream) {
    modules.push_back(options.nginx_modules_dir + "/ngx_stream_module.so");
    modules.push_back(options.module_dir + "/silverback_stream.so");
  } else {
    modules.push_back(options.module_dir + "/silverback_http.so");
  }
  return modules;
}

// nginx.conf of the user's own template, which knows nothing of our modules.
Result<std::string> RenderCustom(const GatewayConf& conf, const PrefixOptions& options,
                                 const Json& environment, bool& lua) {
  if (!FileExists(options.nginx_template)) {
    return Error(ErrorCode::kInvalidInput, "no such file: " + options.nginx_template);
  }
  const auto text = ReadWholeFile(options.nginx_template);
  if (!text) return text.error();
  const auto rendered = RenderTemplate(*text, environment);
  if (!rendered) return rendered.error();
  auto translated =
      TranslateTemplate(*rendered, {EnvFilePath(conf), conf.String("mem_cache_size")});
  if (!translated) return translated.error();
  for (const std::string& note : translated->notes) {
    if (options.log) options.log(LogLevel::kWarning, note);
  }
  lua = translated->has_lua;
  std::string heading;
  for (const std::string& module : Modules(options, translated->has_stream, lua)) {
    const std::string file = module.substr(module.rfind('/'));
    if (translated->text.find(file) == std::string::npos)
      heading += "load_module " + module + ";\n";
  }
  return heading + translated->text;
}

}  // namespace

double OpenFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  return limit.rlim_cur == RLIM_INFINITY ? 65536 : static_cast<double>(limit.rlim_cur);
}

Result<NginxFiles> RenderNginxFiles(const GatewayConf& conf, const PrefixOptions& options) {
  NginxFiles files;
  Json environment = TemplateEnvironment(conf);
  const bool stream = !conf.listeners("stream_listen").empty();
  bool lua = false;
  environment["load_modules"] = Modules(options, stream, lua);
  if (!options.nginx_template.empty()) {
    auto nginx = RenderCustom(conf, options, environment, lua);
    if (!nginx) return nginx.error();
    files.nginx = *std::move(nginx);
  }
  if (!lua) {
    DropLuaDirectives(environment["nginx_http_directives"]);
    DropLuaDirectives(environment["nginx_stream_directives"]);
  }
  for (auto [text, name] :
       {std::pair(&files.nginx, "nginx.conf"), std::pair(&files.kong, "nginx-kong.conf"),
        std::pair(&files.kong_stream, "nginx-kong-stream.conf")}) {
    if (!text->empty()) continue;
    auto rendered = RenderTemplate(Template(name), environment);
    if (!rendered) return rendered.error();
    *text = *std::move(rendered);
  }
  return files;
}

}  // namespace silverback::config
