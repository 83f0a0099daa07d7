#include "config/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace silverback::config {
namespace {

namespace fs = std::filesystem;

Error Failed(std::string_view what, const std::string& path, int reason) {
  return Error(ErrorCode::kIo, fmt::format("could not {} {}: {}", what, path, strerror(reason)));
}

bool WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

}  // namespace

bool FileExists(const std::string& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

Result<std::string> ReadWholeFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Failed("read", path, errno);
  std::string text;
  char buffer[16384];
  ssize_t count = 0;
  while ((count = read(fd, buffer, sizeof buffer)) > 0 || (count < 0 && errno == EINTR)) {
    if (count > 0) text.append(buffer, static_cast<size_t>(count));
  }
  const int reason = errno;
  close(fd);
  if (count < 0) return Failed("read", path, reason);
  return text;
}

Status WriteFile(const std::string& path, std::string_view text, mode_t mode) {
  const std::string fresh = path + ".new";
  unlink(fresh.c_str());
  const int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0) return Failed("write", path, errno);
  const bool written = fchmod(fd, mode) == 0 && WriteAll(fd, text);
  const int reason = errno;
  close(fd);
  if (!written || rename(fresh.c_str(), path.c_str()) != 0) {
    const int why = written ? errno : reason;
    unlink(fresh.c_str());
    return Failed("write", path, why);
  }
  return Ok();
}

Status TouchFile(const std::string& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return Failed("write", path, errno);
  close(fd);
  return Ok();
}

Status MakeFolders(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return Failed("create", path, error.value());
  return Ok();
}

}  // namespace silverback::config
