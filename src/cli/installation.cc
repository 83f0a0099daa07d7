#include "cli/installation.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "util/string_util.h"

namespace silverback::cli {

Result<std::string> ModuleFolder() {
  std::error_code failed;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", failed);
  const auto root = program.parent_path().parent_path();
  for (const char* folder : {"modules", "lib/silverback/modules"}) {
    const auto path = root / folder;
    if (std::filesystem::exists(path / "silverback_http.so", failed)) return path.string();
  }
  return Error(ErrorCode::kNotFound, "could not find 'silverback_http.so' beside the program, in " +
                                         (root / "modules").string() + " or " +
                                         (root / "lib/silverback/modules").string());
}

Result<std::string> NginxProgram() {
  const char* path = std::getenv("PATH");
  std::string folders = path ? path : "";
  folders += ":/usr/sbin:/usr/local/sbin:/sbin";
  for (std::string_view folder : Split(folders, ':')) {
    if (folder.empty()) continue;
    std::string program = std::string(folder) + "/nginx";
    if (access(program.c_str(), X_OK) == 0) return program;
  }
  return Error(ErrorCode::kNotFound, "could not find 'nginx' executable");
}

}  // namespace silverback::cli
