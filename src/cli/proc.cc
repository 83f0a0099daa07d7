#include "cli/proc.h"

#include <signal.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/files.h"

namespace silverback::cli {
namespace {

std::string FileOf(pid_t pid, const char* name) {
  return "/proc/" + std::to_string(pid) + "/" + name;
}

// "" when the process has gone, also between the opening and the reading.
std::string ReadAll(const std::string& path) {
  auto text = config::ReadWholeFile(path);
  return text ? *std::move(text) : "";
}

struct Stat {
  char state = 0;  // 0: no such process
  pid_t parent = 0;
};

// "PID (NAME) STATE PARENT ...": the name may hold anything, also blanks and parentheses.
Stat StatOf(pid_t pid) {
  const std::string text = ReadAll(FileOf(pid, "stat"));
  const size_t end = text.rfind(')');
  Stat stat;
  if (end == std::string::npos) return stat;
  std::istringstream(text.substr(end + 1)) >> stat.state >> stat.parent;
  return stat;
}

std::vector<pid_t> AllProcesses() {
  std::vector<pid_t> pids;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", failed)) {
    const std::string name = entry.path().filename();
    if (std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isdigit(c); })) {
      pids.push_back(std::stoi(name));
    }
  }
  return pids;
}

}  // namespace

bool IsAlive(pid_t pid) {
  if (pid <= 0 || (kill(pid, 0) != 0 && errno != EPERM)) return false;
  const char state = StatOf(pid).state;
  return state != 'Z' && state != 'X';
}

std::string TitleOf(pid_t pid) {
  std::string title = ReadAll(FileOf(pid, "cmdline"));
  std::replace(title.begin(), title.end(), '\0', ' ');
  return title;
}

bool IsNginxMaster(pid_t pid) { return TitleOf(pid).starts_with("nginx: master process"); }
bool IsNginxWorker(pid_t pid) { return TitleOf(pid).starts_with("nginx: worker process"); }

pid_t ParentOf(pid_t pid) { return StatOf(pid).parent; }

std::vector<pid_t> ChildrenOf(pid_t pid) {
  std::vector<pid_t> children;
  std::ifstream list("/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid) + "/children");
  if (list) {
    for (pid_t child; list >> child;) children.push_back(child);
    return children;
  }
  // A kernel without that file.
  for (pid_t each : AllProcesses()) {
    if (ParentOf(each) == pid) children.push_back(each);
  }
  return children;
}

std::vector<pid_t> WorkersWithoutMaster(const std::string& mapped_file) {
  std::vector<pid_t> workers;
  for (pid_t pid : AllProcesses()) {
    if (!IsNginxWorker(pid) || IsNginxMaster(ParentOf(pid))) continue;
    if (ReadAll(FileOf(pid, "maps")).find(" " + mapped_file + "\n") != std::string::npos) {
      workers.push_back(pid);
    }
  }
  return workers;
}

}  // namespace silverback::cli
