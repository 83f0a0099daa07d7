#include "cli/settings.h"

#include <fmt/format.h>
#include <unistd.h>

#include "cli/command.h"
#include "config/prefix.h"

namespace silverback::cli {
namespace {

config::LoadOptions OptionsOf(const Invocation& invocation) {
  config::LoadOptions options;
  options.file = invocation.arguments.Text("conf");
  options.environment = invocation.environment;
  if (const std::string prefix = invocation.arguments.Text("prefix"); !prefix.empty()) {
    options.overrides["prefix"] = prefix;
  }
  return options;
}

// --db-timeout counts for the node too, as in Kong; but its default leaves a pg_timeout that
// somebody has chosen. It is added only where it matters: a pg_* setting by itself would choose
// that database.
Result<config::GatewayConf> WithDatabaseTimeout(config::LoadOptions options,
                                                const Invocation& invocation,
                                                Result<config::GatewayConf> conf) {
  const auto seconds = invocation.arguments.Number("db-timeout");
  if (!conf || !seconds || conf->database() != "postgres") return conf;
  constexpr double kDefaultSeconds = 60, kDefaultPgTimeout = 5000;
  const bool chosen = conf->Number("pg_timeout", kDefaultPgTimeout) != kDefaultPgTimeout;
  if (chosen && *seconds == kDefaultSeconds) return conf;
  options.overrides["pg_timeout"] = fmt::format("{:.0f}", *seconds * 1000);
  options.log = nullptr;
  return config::GatewayConf::Load(options);
}

// `warnings`: what becomes of these.
Result<config::GatewayConf> LoadAndSay(const Invocation& invocation, config::LogLevel warnings) {
  config::LoadOptions options = OptionsOf(invocation);
  options.log = [warnings, say = invocation.console.Sink()](config::LogLevel level,
                                                            const std::string& message) {
    say(level == config::LogLevel::kWarning ? warnings : level, message);
  };
  return WithDatabaseTimeout(options, invocation, config::GatewayConf::Load(options));
}

bool Exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

Result<config::GatewayConf> LoadExistingPrefix(const Invocation& invocation) {
  auto conf = LoadConfQuietly(invocation);
  if (conf && !Exists(conf->prefix())) {
    return Error(ErrorCode::kNotFound, "no such prefix: " + conf->prefix());
  }
  return conf;
}

}  // namespace

Environment ReadEnvironment(const char* const* variables) {
  Environment environment;
  for (; *variables; ++variables) {
    const std::string_view line = *variables;
    const size_t sign = line.find('=');
    if (sign == std::string_view::npos) continue;
    environment.emplace(line.substr(0, sign), line.substr(sign + 1));
  }
  return environment;
}

Result<config::GatewayConf> LoadConf(const Invocation& invocation) {
  return LoadAndSay(invocation, config::LogLevel::kVerbose);
}

Result<config::GatewayConf> LoadConfForStart(const Invocation& invocation) {
  return LoadAndSay(invocation, config::LogLevel::kWarning);
}

Result<config::GatewayConf> LoadConfQuietly(const Invocation& invocation) {
  return config::GatewayConf::Load(OptionsOf(invocation));
}

Result<config::GatewayConf> LoadRunningConf(const Invocation& invocation) {
  auto conf = LoadExistingPrefix(invocation);
  if (!conf || !Exists(config::EnvFilePath(*conf))) return conf;
  return config::GatewayConf::FromEnvFile(config::EnvFilePath(*conf));
}

Result<config::GatewayConf> LoadRunningConfAnew(const Invocation& invocation) {
  auto conf = LoadConfQuietly(invocation);
  if (!conf || !Exists(config::EnvFilePath(*conf))) return conf;
  config::LoadOptions options = OptionsOf(invocation);
  options.file = config::EnvFilePath(*conf);
  return config::GatewayConf::Load(options);
}

}  // namespace silverback::cli
