#include "plugins/syslog/syslog.h"

#include <syslog.h>

#include <algorithm>
#include <mutex>

#include "plugins/log/background_writer.h"
#include "plugins/log/log_plugin.h"
#include "plugins/log/severities.h"

namespace silverback::plugins {
namespace {

int FacilityOf(std::string_view name) {
  static constexpr std::pair<std::string_view, int> kFacilities[] = {
      {"auth", LOG_AUTH},     {"authpriv", LOG_AUTHPRIV}, {"cron", LOG_CRON},
      {"daemon", LOG_DAEMON}, {"ftp", LOG_FTP},           {"kern", LOG_KERN},
      {"lpr", LOG_LPR},       {"mail", LOG_MAIL},         {"news", LOG_NEWS},
      {"syslog", LOG_SYSLOG}, {"user", LOG_USER},         {"uucp", LOG_UUCP},
      {"local0", LOG_LOCAL0}, {"local1", LOG_LOCAL1},     {"local2", LOG_LOCAL2},
      {"local3", LOG_LOCAL3}, {"local4", LOG_LOCAL4},     {"local5", LOG_LOCAL5},
      {"local6", LOG_LOCAL6}, {"local7", LOG_LOCAL7}};
  for (const auto& [known, facility] : kFacilities) {
    if (known == name) return facility;
  }
  return LOG_USER;
}

class Syslog final : public LogPlugin {
 public:
  Syslog(CustomFields fields, const Json& config, plugin::PluginEnv& env)
      : LogPlugin("syslog", std::move(fields), env),
        severities_(config),
        writer_(BackgroundWriter::Create(
            "syslog", env,
            [facility = FacilityOf(StringViewMember(config, "facility"))](const auto& entries) {
              static std::once_flag opened;
              std::call_once(opened, [] { openlog("kong", 0, LOG_USER); });
              for (const auto& entry : entries)
                syslog(facility | entry.severity, "%s", entry.text.c_str());
              return std::string();
            })) {}

 private:
  void Write(int status, std::string entry) const override {
    if (const auto severity = severities_.Of(status)) writer_->Add({*severity, std::move(entry)});
  }

  const Severities severities_;
  const std::shared_ptr<BackgroundWriter> writer_;
};

}  // namespace

const plugin::PluginType kSyslog = {"syslog", 4, "2.2.0", plugin::kLog, CreateLogPlugin<Syslog>};

}  // namespace silverback::plugins
