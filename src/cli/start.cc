#include "cli/commands.h"
#include "cli/node.h"

namespace silverback::cli {
namespace {

constexpr std::string_view kUsage = R"(Usage: kong start [OPTIONS]

Start a node in its prefix directory: the configuration of nginx is written
there, the embedded store is made when there is none, and nginx is started.

Options:
 -c,--conf            (optional string) configuration file
 -p,--prefix          (optional string) prefix directory, in place of the configured one
 --nginx-conf         (optional string) template in place of the one for nginx.conf
 --run-migrations     run new database migrations first
 --db-timeout         (default 60) longest time for a database operation, in seconds
 --lock-timeout       (default 60) with --run-migrations: longest wait for another node
                      that runs them, in seconds
)";

Result<int> Run(const Invocation& invocation) {
  const auto conf = LoadConfForStart(invocation);
  if (!conf) return conf.error();
  if (Status started = StartNode(invocation, *conf); !started) return started.error();
  return 0;
}

}  // namespace

const Command kStartCommand{"start",
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
