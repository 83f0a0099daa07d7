#include "cli/commands.h"
#include "cli/node.h"

namespace silverback::cli {
namespace {

constexpr std::string_view kUsage = R"(Usage: kong stop [OPTIONS]

Stop the node of a prefix directory at once (SIGTERM). Requests that are being
served are cut off; see 'kong quit'.

Options:
 -p,--prefix          (optional string) prefix directory of the node
)";

Result<int> Run(const Invocation& invocation) {
  const auto conf = LoadRunningConf(invocation);
  if (!conf) return conf.error();
  if (Status stopped = StopNode(invocation, *conf); !stopped) return stopped.error();
  return 0;
}

}  // namespace

const Command kStopCommand{
    "stop", kUsage, {.options = {{"prefix", 'p', OptionKind::kText, ""}}, .words = {}}, {}, &Run};

}  // namespace silverback::cli
