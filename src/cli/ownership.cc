#include "cli/ownership.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "config/worker_user.h"
#include "runtime/store_factory.h"

namespace silverback::cli {
namespace {

// SQLite's file and its companions; LMDB's folder and files.
std::vector<std::string> FilesOfWorkers(const config::GatewayConf& conf) {
  std::vector<std::string> files;
  if (conf.embedded_store()) {
    for (const char* suffix : {"", "-wal", "-shm"}) {
      files.push_back(runtime::EmbeddedStorePath(conf) + suffix);
    }
  }
  for (const char* suffix : {"", "/data.mdb", "/lock.mdb"}) {
    files.push_back(runtime::ReplicaPath(conf) + suffix);
  }
  return files;
}

// Tried in a process of that user: folders above and access lists count too.
bool MayEnter(const config::WorkerUser& user, const std::string& folder) {
  const pid_t child = fork();
  if (child == 0) {
    const bool changed =
        setgroups(0, nullptr) == 0 && setgid(user.gid) == 0 && setuid(user.uid) == 0;
    _exit(changed && access(folder.c_str(), X_OK) != 0 ? 1 : 0);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return true;
  return !WIFEXITED(status) || WEXITSTATUS(status) == 0;
}

}  // namespace

Status GiveToWorkers(const config::GatewayConf& conf) {
  const auto found = config::FindWorkerUser(conf);
  if (!found) return found.error();
  if (!*found) return Ok();
  const config::WorkerUser& user = **found;
  for (const std::string& file : FilesOfWorkers(conf)) {
    if (lchown(file.c_str(), user.uid, user.gid) != 0 && errno != ENOENT) {
      return Error(ErrorCode::kIo,
                   fmt::format("cannot give {} to the workers' user: {}", file, strerror(errno)));
    }
  }
  return Ok();
}

Status CheckWorkersMayEnter(const config::GatewayConf& conf) {
  const auto found = config::FindWorkerUser(conf);
  if (!found) return found.error();
  if (!*found || MayEnter(**found, conf.prefix())) return Ok();
  const passwd* entry = getpwuid((*found)->uid);
  return Error(
      ErrorCode::kInvalidInput,
      fmt::format("nginx' workers run as user '{}', which may not enter {}: choose another "
                  "prefix, or set nginx_user",
                  entry ? entry->pw_name : std::to_string((*found)->uid), conf.prefix()));
}

}  // namespace silverback::cli
