#include "cli/commands.h"
#include "cli/node.h"
#include "cli/process.h"
#include "config/prefix.h"

namespace silverback::cli {
namespace {

constexpr std::string_view kUsage = R"(Usage: kong restart [OPTIONS]

Stop the node of a prefix directory, if it runs, and start it: 'kong stop' and
'kong start' in one. A node whose settings are wrong is left running.

Options:
 -c,--conf            (optional string) configuration file
 -p,--prefix          (optional string) prefix directory of the node
 --nginx-conf         (optional string) template in place of the one for nginx.conf
 --run-migrations     run new database migrations first
 --db-timeout         (default 60) longest time for a database operation, in seconds
 --lock-timeout       (default 60) with --run-migrations: longest wait for another node
                      that runs them, in seconds
)";

// With --prefix there must be a node to restart.
Status CheckPrefix(const Invocation& invocation, const config::GatewayConf& conf) {
  const std::string prefix = invocation.arguments.Text("prefix");
  if (prefix.empty()) return Ok();
  const auto known = config::GatewayConf::FromEnvFile(config::EnvFilePath(conf));
  return known ? Ok() : Status(known.error());
}

Result<int> Run(const Invocation& invocation) {
  const auto conf = LoadConfForStart(invocation);
  if (!conf) return conf.error();
  if (Status checked = CheckPrefix(invocation, *conf); !checked) return checked.error();
  if (MasterPid(*conf)) {
    if (Status stopped = StopNode(invocation, *conf); !stopped) return stopped.error();
  }
  if (Status started = StartNode(invocation, *conf); !started) return started.error();
  return 0;
}

}  // namespace

const Command kRestartCommand{"restart",
                              kUsage,
                              {.options = {{"conf", 'c', OptionKind::kText, ""},
                                           {"prefix", 'p', OptionKind::kText, ""},
                                           {"nginx-conf", 0, OptionKind::kText, ""},
                                           {"run-migrations", 0, OptionKind::kFlag, ""},
                                           {"db-timeout", 0, OptionKind::kNumber, "60"},
                                           {"lock-timeout", 0, OptionKind::kNumber, "60"}},
                               .words = {}},
                              {},
                              &Run};

}  // namespace silverback::cli
