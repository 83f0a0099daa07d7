#include "config/injected.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace silverback::config {
namespace {

struct Block {
  std::string_view name;      // of the list
  std::string_view prefix;    // of the settings
  std::string_view old_name;  // another name of the list, "" for none
};

constexpr std::array<Block, 10> kBlocks = {{
    {"nginx_main_directives", "nginx_main_", ""},
    {"nginx_events_directives", "nginx_events_", ""},
    {"nginx_http_directives", "nginx_http_", ""},
    {"nginx_upstream_directives", "nginx_upstream_", "nginx_http_upstream_directives"},
    {"nginx_proxy_directives", "nginx_proxy_", ""},
    {"nginx_status_directives", "nginx_status_", "nginx_http_status_directives"},
    {"nginx_admin_directives", "nginx_admin_", ""},
    {"nginx_stream_directives", "nginx_stream_", ""},
    {"nginx_supstream_directives", "nginx_supstream_", ""},
    {"nginx_sproxy_directives", "nginx_sproxy_", ""},
}};

// Old ways to size the pool of upstream connections: the gateway has settings of its own for it.
bool IsPoolSetting(std::string_view setting) {
  for (const std::string_view prefix : {"nginx_http_upstream_", "nginx_upstream_"}) {
    if (!setting.starts_with(prefix)) continue;
    const std::string_view rest = setting.substr(prefix.size());
    if (rest == "keepalive" || rest == "keepalive_requests" || rest == "keepalive_timeout") {
      return true;
    }
  }
  return false;
}

}  // namespace

InjectedBlocks CollectInjected(const Json& values) {
  InjectedBlocks blocks;
  for (const Block& block : kBlocks) {
    std::vector<InjectedDirective>& list = blocks[std::string(block.name)];
    for (const auto& [name, value] : values.items()) {
      if (!name.starts_with(block.prefix) || !value.is_string() || IsPoolSetting(name)) continue;
      const auto& text = value.get_ref<const std::string&>();
      if (text != "NONE") list.push_back({name.substr(block.prefix.size()), text});
    }
    std::sort(list.begin(), list.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    if (!block.old_name.empty()) blocks[std::string(block.old_name)] = list;
  }
  return blocks;
}

Json ShowInjected(const std::vector<InjectedDirective>& directives) {
  Json shown = Json::array();
  for (const InjectedDirective& directive : directives) {
    shown.push_back({{"name", directive.name}, {"value", directive.value}});
  }
  return shown;
}

}  // namespace silverback::config
