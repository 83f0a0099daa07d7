#include "cli/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <thread>
#include <vector>

#include "util/string_util.h"

namespace silverback::cli {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kLookEvery{20};

bool IsAlive(pid_t pid) { return pid > 0 && (kill(pid, 0) == 0 || errno == EPERM); }

struct Finished {
  int exit_code = -1;
  std::string output;  // standard error
};

// Runs a program with its standard error collected; the standard output is the caller's.
Finished Run(const std::vector<std::string>& command) {
  int pipe_ends[2];
  if (pipe2(pipe_ends, O_CLOEXEC) != 0) return {-1, strerror(errno)};
  std::vector<char*> argv;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    dup2(pipe_ends[1], STDERR_FILENO);
    // A daemon must not keep its caller's sockets open.
    syscall(SYS_close_range, 3u, ~0u, 0u);
    execvp(argv[0], argv.data());
    _exit(127);
  }
  close(pipe_ends[1]);
  Finished done;
  char buffer[4096];
  // A daemon inherits the pipe: the end of the program that was started counts, not that of the
  // pipe.
  fcntl(pipe_ends[0], F_SETFL, O_NONBLOCK);
  int status = 0;
  for (bool ended = false; !ended;) {
    ended = waitpid(child, &status, WNOHANG) != 0;
    for (ssize_t size; (size = read(pipe_ends[0], buffer, sizeof buffer)) > 0;) {
      done.output.append(buffer, static_cast<size_t>(size));
    }
    if (!ended) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  close(pipe_ends[0]);
  done.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return done;
}

std::vector<std::string> NginxCommand(const config::GatewayConf& conf,
                                      const std::string& nginx_binary) {
  return {nginx_binary, "-p", conf.prefix(), "-c", "nginx.conf"};
}

bool WaitUntilGone(pid_t pid, double seconds) {
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  while (IsAlive(pid)) {
    if (Clock::now() >= end) return false;
    std::this_thread::sleep_for(kLookEvery);
  }
  return true;
}

}  // namespace

pid_t MasterPid(const config::GatewayConf& conf) {
  std::ifstream file(conf.prefix() + "/pids/nginx.pid");
  pid_t pid = 0;
  if (!(file >> pid) || !IsAlive(pid)) return 0;
  return pid;
}

Status StartNginx(const config::GatewayConf& conf, const std::string& nginx_binary) {
  const Finished done = Run(NginxCommand(conf, nginx_binary));
  if (done.exit_code == 127) return Error(ErrorCode::kIo, "could not find 'nginx' executable");
  if (done.exit_code != 0) return Error(ErrorCode::kIo, std::string(Trim(done.output)));
  return Ok();
}

Status TestNginx(const config::GatewayConf& conf, const std::string& nginx_binary) {
  auto command = NginxCommand(conf, nginx_binary);
  command.push_back("-t");
  const Finished done = Run(command);
  if (done.exit_code != 0) return Error(ErrorCode::kIo, std::string(Trim(done.output)));
  return Ok();
}

Status SendSignal(const config::GatewayConf& conf, int signal) {
  const pid_t pid = MasterPid(conf);
  if (!pid) return Error(ErrorCode::kNotFound, "nginx not running in prefix: " + conf.prefix());
  if (kill(pid, signal) != 0)
    return Error(ErrorCode::kIo, std::string("cannot signal nginx: ") + strerror(errno));
  return Ok();
}

Status StopNginx(const config::GatewayConf& conf, int signal, double seconds) {
  const pid_t pid = MasterPid(conf);
  if (auto sent = SendSignal(conf, signal); !sent) return sent;
  if (WaitUntilGone(pid, seconds)) return Ok();
  return Error(ErrorCode::kUnavailable, "nginx is still running");
}

}  // namespace silverback::cli
