#include "cli/commands.h"

namespace silverback::cli {
namespace {

constexpr std::string_view kUsage = R"(Usage: kong roar

Roar.

Options:
)";

constexpr std::string_view kApe = R"(
      .-"""-.
     / _   _ \
    | (o) (o) |
  .-|    ^    |-.
 /   \ '---' /   \
|  |  '-----'  |  |
|  |           |  |
 \_|_|_|   |_|_|_/    Silverback)";

Result<int> Run(const Invocation& invocation) {
  invocation.console.Print(kApe);
  return 0;
}

}  // namespace

const Command kRoarCommand{"roar", kUsage, {}, {}, &Run};

}  // namespace silverback::cli
