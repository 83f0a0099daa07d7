#include "cli/commands.h"
#include "cli/node.h"

namespace silverback::cli {
namespace {

constexpr std::string_view kUsage = R"(Usage: kong reload [OPTIONS]

Take changed settings into the running node of a prefix directory: nginx gets
SIGHUP, starts new workers and lets the old ones finish their requests.
Without -c the settings are those that the node was started with, under the
environment as it is now.

Options:
 -c,--conf            (optional string) configuration file
 -p,--prefix          (optional string) prefix directory of the node
 --nginx-conf         (optional string) template in place of the one for nginx.conf
)";

Result<int> Run(const Invocation& invocation) {
  const auto running = LoadRunningConf(invocation);
  if (!running) return running.error();
  const bool from_file = !invocation.arguments.Text("conf").empty();
  const auto conf = from_file ? LoadConf(invocation) : LoadRunningConfAnew(invocation);
  if (!conf) return conf.error();
  if (Status reloaded = ReloadNode(invocation, *conf); !reloaded) return reloaded.error();
  invocation.console.Say("Kong reloaded");
  return 0;
}

}  // namespace

const Command kReloadCommand{"reload",
                             kUsage,
                             {.options = {{"conf", 'c', OptionKind::kText, ""},
                                          {"prefix", 'p', OptionKind::kText, ""},
                                          {"nginx-conf", 0, OptionKind::kText, ""}},
                              .words = {}},
                             {},
                             &Run};

}  // namespace silverback::cli
