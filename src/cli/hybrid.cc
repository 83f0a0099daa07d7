#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>

#include "cli/cluster_certificate.h"
#include "cli/commands.h"

namespace silverback::cli {
namespace {

constexpr std::string_view kUsage = R"(Usage: kong hybrid COMMAND [OPTIONS]

For nodes in hybrid mode.

The available commands are:
  gen_cert [<cert> <key>]           Make the certificate and key that control
                                    plane and data planes share: ./cluster.crt
                                    and ./cluster.key unless named.

Options:
 -d,--days        (optional number) Validity of the certificate. Default: 1095
                                    days (3 years).
)";

constexpr double kDays = 1095;
constexpr double kSecondsPerDay = 86400;

Status MustNotExist(const std::string& path) {
  if (!std::filesystem::exists(path)) return Ok();
  return Error(ErrorCode::kInvalidInput, path + " already exists.\nWill not overwrite it.");
}

Result<int> Run(const Invocation& invocation) {
  const auto& words = invocation.arguments.words();
  if (!words.empty() && words.size() != 2) {
    return Error(ErrorCode::kInvalidInput, "both cert and key path needs to be provided");
  }
  const auto path_of = [&](size_t i, const char* otherwise) {
    return std::filesystem::absolute(words.empty() ? otherwise : words[i]).string();
  };
  const std::string certificate = path_of(0, "cluster.crt"), key = path_of(1, "cluster.key");
  for (const std::string& path : {certificate, key}) {
    if (Status checked = MustNotExist(path); !checked) return checked.error();
  }
  const double days = invocation.arguments.Number("days").value_or(kDays);
  const Status written =
      WriteClusterCertificate(certificate, key, static_cast<int64_t>(days * kSecondsPerDay));
  if (!written) return written.error();
  invocation.console.Say(
      fmt::format("Successfully generated certificate/key pairs, they have been written to: '{}' "
                  "and '{}'.",
                  certificate, key));
  return 0;
}

}  // namespace

const Command kHybridCommand{"hybrid",
                             kUsage,
                             {.options = {{"days", 'd', OptionKind::kNumber, ""}}, .words = {}},
                             {"gen_cert"},
                             &Run};

}  // namespace silverback::cli
