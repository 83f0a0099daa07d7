#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "cli/commands.h"
#include "cli/node.h"
#include "cli/process.h"

namespace silverback::cli {
namespace {

constexpr std::string_view kUsage = R"(Usage: kong quit [OPTIONS]

Stop the node of a prefix directory gracefully (SIGQUIT): requests that are
being served are finished first. What is not finished after the timeout is cut
off (SIGTERM).

Options:
 -p,--prefix          (optional string) prefix directory of the node
 -t,--timeout         (default 10) longest wait for requests, in seconds
 -w,--wait            (default 0) wait before the first step, in seconds
)";

constexpr double kShortestWait = 1;

Result<int> Run(const Invocation& invocation) {
  Console& console = invocation.console;
  const auto conf = LoadRunningConf(invocation);
  if (!conf) return conf.error();
  if (const double wait = invocation.arguments.Number("wait").value_or(0); wait > 0) {
    console.Verbose(fmt::format("waiting {} seconds before quitting", wait));
    std::this_thread::sleep_for(std::chrono::duration<double>(wait));
  }
  console.Verbose("waiting for nginx to finish processing requests");
  const double timeout =
      std::max(invocation.arguments.Number("timeout").value_or(0), kShortestWait);
  Status stopped = StopNginx(*conf, SIGQUIT, timeout);
  if (!stopped && stopped.error().code() == ErrorCode::kUnavailable) {
    console.Verbose(fmt::format("nginx is still running at {}, forcing shutdown", conf->prefix()));
    stopped = StopNginx(*conf, SIGTERM, kLongestStop);
    // It may have ended by itself between the two.
    if (!stopped && stopped.error().code() == ErrorCode::kNotFound) stopped = Ok();
  }
  if (!stopped) return stopped.error();
  console.Say("Kong stopped (gracefully)");
  return 0;
}

}  // namespace

const Command kQuitCommand{"quit",
                           kUsage,
                           {.options = {{"prefix", 'p', OptionKind::kText, ""},
                                        {"timeout", 't', OptionKind::kNumber, "10"},
                                        {"wait", 'w', OptionKind::kNumber, "0"}},
                            .words = {}},
                           {},
                           &Run};

}  // namespace silverback::cli
