#include "cli/program.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

namespace silverback::cli {
namespace {

constexpr std::chrono::milliseconds kLookEvery{2};

// A daemon must not keep its caller's sockets open.
void CloseAllButStandard() { syscall(SYS_close_range, 3u, ~0u, 0u); }

std::vector<char*> Words(const std::vector<std::string>& command) {
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  return words;
}

// What can be read now.
void Drain(int pipe, std::string& output) {
  char buffer[4096];
  for (ssize_t size; (size = read(pipe, buffer, sizeof buffer)) > 0;) {
    output.append(buffer, static_cast<size_t>(size));
  }
}

// A daemon inherits the pipe: the end of the program that was started counts, not that of the pipe.
Finished CollectUntilEnd(pid_t child, int pipe) {
  Finished done;
  int status = 0;
  fcntl(pipe, F_SETFL, O_NONBLOCK);
  while (waitpid(child, &status, WNOHANG) == 0) {
    Drain(pipe, done.output);
    std::this_thread::sleep_for(kLookEvery);
  }
  Drain(pipe, done.output);
  done.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return done;
}

}  // namespace

Finished RunProgram(const std::vector<std::string>& command) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return {-1, strerror(errno)};
  std::vector<char*> words = Words(command);
  const pid_t child = fork();
  if (child < 0) return {-1, strerror(errno)};
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    CloseAllButStandard();
    execvp(words[0], words.data());
    _exit(kNoSuchProgram);
  }
  close(ends[1]);
  Finished done = CollectUntilEnd(child, ends[0]);
  close(ends[0]);
  return done;
}

std::string BecomeProgram(const std::vector<std::string>& command) {
  std::vector<char*> words = Words(command);
  CloseAllButStandard();
  execvp(words[0], words.data());
  return strerror(errno);
}

}  // namespace silverback::cli
