#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/installation.h"
#include "cli/process.h"

namespace silverback::cli {
namespace {

constexpr std::string_view kUsage = R"(Usage: kong version [OPTIONS]

Print the version of Kong that this gateway stands in for; with -a also those
of what it is built upon.

Options:
 -a,--all             all versions
)";

Result<int> Run(const Invocation& invocation) {
  if (!invocation.arguments.Flag("all")) {
    invocation.console.Print(kVersion);
    return 0;
  }
  const auto nginx = NginxProgram();
  invocation.console.Print(
      fmt::format("Kong: {}\nnginx: {}", kVersion, nginx ? NginxVersion(*nginx) : "not found"));
  return 0;
}

}  // namespace

const Command kVersionCommand{
    "version", kUsage, {.options = {{"all", 'a', OptionKind::kFlag, ""}}, .words = {}}, {}, &Run};

}  // namespace silverback::cli
