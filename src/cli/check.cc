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

// One line for each mistake. A reference to a secret that leads nowhere is told to the verbose
// only, as in Kong.
void SayMistakes(const Error& error, Console& console) {
  const bool secret = error.code() == ErrorCode::kUnavailable;
  if (!error.fields().is_array()) {
    return console.Log(secret ? Level::kVerbose : Level::kError, error.message());
  }
  for (const Json& mistake : error.fields()) {
    console.Log(Level::kError, mistake.get<std::string>());
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
