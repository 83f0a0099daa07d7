#include <fmt/format.h>

#include "cli/commands.h"

namespace silverback::cli {
namespace {

constexpr std::string_view kUsage = R"(Usage: kong vault COMMAND [OPTIONS]

For secrets that settings refer to.

The available commands are:
  get <reference>                   Print the value of a secret:
                                    TEST=hello kong vault get env/test

Options:
 -c,--conf        (optional string) Configuration file.
 -p,--prefix      (optional string) Prefix directory.
)";

Result<int> Run(const Invocation& invocation) {
  if (invocation.arguments.words().empty()) {
    return Error(ErrorCode::kInvalidInput,
                 "the 'get' command needs a <reference> argument \nkong vault get <reference>");
  }
  return Error(
      ErrorCode::kOperationUnsupported,
      fmt::format("'kong vault {}' is not available in this version", invocation.subcommand));
}

}  // namespace

const Command kVaultCommand{
    "vault",
    kUsage,
    {.options = {{"conf", 'c', OptionKind::kText, ""}, {"prefix", 'p', OptionKind::kText, ""}},
     .words = {}},
    {"get"},
    &Run};

}  // namespace silverback::cli
