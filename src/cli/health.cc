#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/process.h"

namespace silverback::cli {
namespace {

constexpr std::string_view kUsage = R"(Usage: kong health [OPTIONS]

Tell whether the node of a prefix directory runs; the exit code is 0 when it
does.

Options:
 -p,--prefix          (optional string) prefix directory of the node
)";

Result<int> Run(const Invocation& invocation) {
  const auto conf = LoadRunningConf(invocation);
  if (!conf) return conf.error();
  const bool running = MasterPid(*conf) != 0;
  invocation.console.Say(fmt::format("nginx.......{}\n", running ? "running" : "not running"));
  if (!running) return Error(ErrorCode::kNotFound, "Kong is not running at " + conf->prefix());
  invocation.console.Say("Kong is healthy at " + conf->prefix());
  return 0;
}

}  // namespace

const Command kHealthCommand{
    "health", kUsage, {.options = {{"prefix", 'p', OptionKind::kText, ""}}, .words = {}}, {}, &Run};

}  // namespace silverback::cli
