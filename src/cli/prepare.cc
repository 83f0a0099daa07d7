#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/installation.h"
#include "cli/node.h"
#include "cli/process.h"

namespace silverback::cli {
namespace {

constexpr std::string_view kUsage = R"(Usage: kong prepare [OPTIONS]

Write into the prefix directory all that nginx needs, and start nothing. For
those who start nginx themselves:

 kong migrations up
 kong prepare -p /usr/local/kong -c kong.conf
 nginx -p /usr/local/kong -c /usr/local/kong/nginx.conf

Options:
 -c,--conf            (optional string) configuration file
 -p,--prefix          (optional string) prefix directory, in place of the configured one
 --nginx-conf         (optional string) template in place of the one for nginx.conf
)";

Result<int> Run(const Invocation& invocation) {
  const auto conf = LoadConf(invocation);
  if (!conf) return conf.error();
  auto nginx = NginxProgram();
  if (!nginx) return nginx.error();
  Status done = RenderPrefix(invocation, *conf);
  if (done) done = TestNginx(*conf, *nginx);
  if (done) return 0;
  return Error(done.error().code(), fmt::format("could not prepare Kong prefix at {}: {}",
                                                conf->prefix(), done.error().message()));
}

}  // namespace

const Command kPrepareCommand{"prepare",
                              kUsage,
                              {.options = {{"conf", 'c', OptionKind::kText, ""},
                                           {"prefix", 'p', OptionKind::kText, ""},
                                           {"nginx-conf", 0, OptionKind::kText, ""}},
                               .words = {}},
                              {},
                              &Run};

}  // namespace silverback::cli
