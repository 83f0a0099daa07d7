#include <fmt/format.h>

#include "cli/commands.h"
#include "util/json.h"

namespace silverback::cli {
namespace {

constexpr std::string_view kUsage = R"(Usage: kong check <conf>

Check whether a configuration file is valid.

<conf> (default /etc/kong/kong.conf) configuration file

Options:
)";

// Mistakes that checks find are listed, one a line. A reference to a secret that leads nowhere is
// told to the verbose only: its name may say too much.
void SayMistakes(const Error& error, Console& console) {
  if (error.fields().is_array()) {
    for (const Json& mistake : error.fields()) {
      console.Log(Level::kError, mistake.get<std::string>());
    }
  } else {
    const bool missing_file = error.code() == ErrorCode::kNotFound;
    console.Log(missing_file ? Level::kError : Level::kVerbose, error.message());
  }
}

Result<int> Run(const Invocation& invocation) {
  Console& console = invocation.console;
  const auto conf = LoadConf(invocation);
  if (!conf) {
    if (conf.error().code() == ErrorCode::kInternal) return conf.error();
    SayMistakes(conf.error(), console);
    return 1;
  }
  console.Say(fmt::format("configuration at {} is valid", invocation.arguments.Text("conf")));
  return 0;
}

}  // namespace

const Command kCheckCommand{
    "check",
    kUsage,
    {.options = {}, .words = {{"conf", 0, OptionKind::kText, "/etc/kong/kong.conf"}}},
    {},
    &Run};

}  // namespace silverback::cli
