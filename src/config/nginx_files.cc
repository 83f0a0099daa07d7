#include "config/nginx_files.h"

#include <sys/resource.h>
#include <algorithm>
#include <cstdlib>
#include <span>

#include "config/files.h"
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

Json TemplateEnvironment(const GatewayConf& conf, const PrefixOptions& options) {
  Json environment = conf.values();
  ReplaceAuto(environment["nginx_main_directives"], "worker_rlimit_nofile");
  ReplaceAuto(environment["nginx_events_directives"], "worker_connections");
  DropLuaDirectives(environment["nginx_http_directives"]);
  DropLuaDirectives(environment["nginx_stream_directives"]);
  environment["dns_resolver"] = Join(conf.List("dns_resolver"), " ");
  environment["lua_package_path"] =
      conf.String("lua_package_path") + ";" + FromEnvironment("LUA_PATH");
  environment["lua_package_cpath"] =
      conf.String("lua_package_cpath") + ";" + FromEnvironment("LUA_CPATH");
  Json modules = Json::array();
  // silverback_stream.so holds all that silverback_http.so does (doc/decisions/stream_module.md).
  if (conf.listeners("stream_listen").empty()) {
    modules.push_back(options.module_dir + "/silverback_http.so");
  } else {
    modules.push_back(options.nginx_modules_dir + "/ngx_stream_module.so");
    modules.push_back(options.module_dir + "/silverback_stream.so");
  }
  environment["load_modules"] = std::move(modules);
  return environment;
}

}  // namespace

double OpenFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  return limit.rlim_cur == RLIM_INFINITY ? 65536 : static_cast<double>(limit.rlim_cur);
}

Result<NginxFiles> RenderNginxFiles(const GatewayConf& conf, const PrefixOptions& options) {
  std::string nginx_template(Template("nginx.conf"));
  if (!options.nginx_template.empty()) {
    if (!FileExists(options.nginx_template)) {
      return Error(ErrorCode::kInvalidInput, "no such file: " + options.nginx_template);
    }
    auto custom = ReadWholeFile(options.nginx_template);
    if (!custom) return custom.error();
    nginx_template = *std::move(custom);
  }
  const Json environment = TemplateEnvironment(conf, options);
  auto nginx = RenderTemplate(nginx_template, environment);
  if (!nginx) return nginx.error();
  auto kong = RenderTemplate(Template("nginx-kong.conf"), environment);
  if (!kong) return kong.error();
  auto stream = RenderTemplate(Template("nginx-kong-stream.conf"), environment);
  if (!stream) return stream.error();
  return NginxFiles{*std::move(nginx), *std::move(kong), *std::move(stream)};
}

}  // namespace silverback::config
