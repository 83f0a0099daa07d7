#include "config/paths.h"

#include <filesystem>

namespace silverback::config {

namespace fs = std::filesystem;

std::string AbsolutePath(const std::string& path) {
  std::error_code ignored;
  std::string absolute = fs::absolute(path, ignored).lexically_normal().string();
  while (absolute.size() > 1 && absolute.ends_with('/')) absolute.pop_back();
  return absolute;
}

std::string AbsolutePathIfExists(const std::string& path) {
  std::error_code ignored;
  return !path.empty() && fs::exists(path, ignored) ? AbsolutePath(path) : path;
}

}  // namespace silverback::config
