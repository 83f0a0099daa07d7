// Files of a prefix. Blocking. Errors: kIo with the path and the system's reason.
#pragma once

#include <sys/types.h>
#include <string>
#include <string_view>

#include "util/result.h"

namespace silverback::config {

bool FileExists(const std::string& path);
Result<std::string> ReadWholeFile(const std::string& path);
// Replaces the file in one step: readers see the old or the new text. `mode` is exact, whatever the
// umask.
Status WriteFile(const std::string& path, std::string_view text, mode_t mode);
// An empty file unless there is one.
Status TouchFile(const std::string& path);
Status MakeFolders(const std::string& path);

}  // namespace silverback::config
