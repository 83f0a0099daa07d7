#include "plugins/file_log/file_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "plugins/log/background_writer.h"
#include "plugins/log/log_plugin.h"

namespace silverback::plugins {
namespace {

// One thread at a time.
class LogFile {
 public:
  LogFile(std::string path, bool reopen) : path_(std::move(path)), reopen_(reopen) {}
  ~LogFile() { Close(); }
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  std::string Append(const std::vector<BackgroundWriter::Entry>& entries) {
    std::string lines;
    for (const auto& entry : entries) lines.append(entry.text).append("\n");
    // One that was moved away is found out by its name.
    if (reopen_) Close();
    if (file_ == -1) file_ = open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (file_ == -1) return Problem("failed to open the file");
    for (std::string_view rest = lines; !rest.empty();) {
      const ssize_t written = write(file_, rest.data(), rest.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) {
        std::string problem = Problem("failed to write to the file");
        Close();
        return problem;
      }
      rest.remove_prefix(static_cast<size_t>(written));
    }
    return "";
  }

 private:
  std::string Problem(const char* what) const {
    return std::string(what) + " " + path_ + ": " + std::strerror(errno);
  }
  void Close() {
    if (file_ != -1) close(file_);
    file_ = -1;
  }

  const std::string path_;
  const bool reopen_;
  int file_ = -1;
};

class FileLog final : public LogPlugin {
 public:
  FileLog(CustomFields fields, const Json& config, plugin::PluginEnv& env)
      : LogPlugin("file-log", std::move(fields), env),
        writer_(BackgroundWriter::Create(
            "file-log", env,
            [file = std::make_shared<LogFile>(StringMember(config, "path"),
                                              BoolMember(config, "reopen"))](const auto& entries) {
              return file->Append(entries);
            })) {}

 private:
  void Write(int, std::string entry) const override { writer_->Add({0, std::move(entry)}); }

  const std::shared_ptr<BackgroundWriter> writer_;
};

}  // namespace

const plugin::PluginType kFileLog = {"file-log", 9, "2.1.0", plugin::kLog,
                                     CreateLogPlugin<FileLog>};

}  // namespace silverback::plugins
