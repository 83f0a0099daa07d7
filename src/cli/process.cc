#include "cli/process.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "cli/proc.h"
#include "cli/program.h"
#include "runtime/store_factory.h"
#include "util/string_util.h"

namespace silverback::cli {
namespace {

// What a program that failed has to say.
std::string FailureOf(const Finished& done) {
  std::string said(Trim(done.output));
  if (!said.empty()) return said;
  if (done.exit_code > 128)
    return fmt::format("nginx was ended by signal {}", done.exit_code - 128);
  return fmt::format("nginx ended with exit code {}", done.exit_code);
}

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kLookEvery{5};
constexpr double kLongestStart = 60;     // a first configuration of a million rows takes its time
constexpr double kWithoutWorkers = 0.5;  // a master that has no children for so long has failed

std::vector<std::string> NginxCommand(const config::GatewayConf& conf,
                                      const std::string& nginx_program) {
  return {nginx_program, "-p", conf.prefix(), "-c", "nginx.conf"};
}

bool WaitUntil(double seconds, const std::function<bool()>& condition) {
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  while (!condition()) {
    if (Clock::now() >= end) return false;
    std::this_thread::sleep_for(kLookEvery);
  }
  return true;
}

// What nginx writes into its error log from now on.
class LogTail {
 public:
  explicit LogTail(const config::GatewayConf& conf) : path_(conf.prefix() + "/logs/error.log") {
    std::error_code missing;
    const auto size = std::filesystem::file_size(path_, missing);
    if (!missing) start_ = static_cast<std::streamoff>(size);
  }

  // The lines of that level and above, one below the other.
  std::string Alarms() const {
    std::ifstream file(path_);
    file.seekg(start_);
    std::string alarms;
    for (std::string line; std::getline(file, line);) {
      if (line.find("[emerg]") == std::string::npos && line.find("[crit]") == std::string::npos)
        continue;
      alarms += (alarms.empty() ? "" : "\n") + line;
    }
    return alarms;
  }

 private:
  const std::string path_;
  std::streamoff start_ = 0;
};

enum class Workers { kNone, kStarting, kServing };

// A worker takes its title when it has started.
Workers LookAtWorkers(pid_t master) {
  Workers seen = Workers::kNone;
  for (pid_t child : ChildrenOf(master)) {
    if (IsNginxMaster(child)) return Workers::kStarting;
    if (IsNginxWorker(child)) seen = Workers::kServing;
  }
  return seen;
}

// True: they serve. False: they have not come, or have gone.
bool WaitForWorkers(const config::GatewayConf& conf) {
  pid_t master = 0;
  if (!WaitUntil(kLongestStart, [&] { return (master = MasterPid(conf)) != 0; })) return false;
  auto last_seen = Clock::now();
  Workers workers = Workers::kNone;
  WaitUntil(kLongestStart, [&] {
    workers = LookAtWorkers(master);
    if (workers != Workers::kNone) last_seen = Clock::now();
    return workers == Workers::kServing || !IsAlive(master) ||
           Clock::now() - last_seen > std::chrono::duration<double>(kWithoutWorkers);
  });
  return workers == Workers::kServing;
}

}  // namespace

pid_t MasterPid(const config::GatewayConf& conf) {
  std::ifstream file(conf.prefix() + "/pids/nginx.pid");
  pid_t pid = 0;
  // After a crash the number may be another process's by now.
  if (!(file >> pid) || !IsAlive(pid) || !IsNginxMaster(pid)) return 0;
  return pid;
}

bool InForeground(const config::GatewayConf& conf) {
  bool foreground = false;
  for (const auto& directive : conf.injected("nginx_main_directives")) {
    if (directive.name == "daemon") foreground = directive.value == "off";
  }
  return foreground;
}

Status StartNginx(const config::GatewayConf& conf, const std::string& nginx_program) {
  const LogTail log(conf);
  const Finished done = RunProgram(NginxCommand(conf, nginx_program));
  if (done.exit_code != 0) return Error(ErrorCode::kIo, FailureOf(done));
  if (WaitForWorkers(conf)) return Ok();
  const std::string alarms = log.Alarms();
  (void)StopNginx(conf, SIGTERM, kLongestStop);
  return Error(ErrorCode::kIo, alarms.empty() ? "nginx' workers do not start; see " +
                                                    conf.prefix() + "/logs/error.log"
                                              : alarms);
}

Error BecomeNginx(const config::GatewayConf& conf, const std::string& nginx_program) {
  return Error(ErrorCode::kIo,
               "could not run nginx: " + BecomeProgram(NginxCommand(conf, nginx_program)));
}

Status TestNginx(const config::GatewayConf& conf, const std::string& nginx_program) {
  auto command = NginxCommand(conf, nginx_program);
  command.push_back("-t");
  const Finished done = RunProgram(command);
  if (done.exit_code != 0) return Error(ErrorCode::kIo, FailureOf(done));
  return Ok();
}

std::string NginxVersion(const std::string& nginx_program) {
  const std::string output = RunProgram({nginx_program, "-v"}).output;
  const size_t colon = output.find(": ");
  return colon == std::string::npos ? "" : std::string(Trim(output.substr(colon + 2)));
}

Status SendSignal(const config::GatewayConf& conf, int signal) {
  const pid_t pid = MasterPid(conf);
  if (!pid) return Error(ErrorCode::kNotFound, "nginx not running in prefix: " + conf.prefix());
  if (kill(pid, signal) != 0)
    return Error(ErrorCode::kIo, std::string("could not send signal: ") + strerror(errno));
  return Ok();
}

Status StopNginx(const config::GatewayConf& conf, int signal, double seconds) {
  const pid_t pid = MasterPid(conf);
  if (auto sent = SendSignal(conf, signal); !sent) return sent;
  if (WaitUntil(seconds, [pid] { return !IsAlive(pid); })) return Ok();
  return Error(ErrorCode::kUnavailable, "nginx is still running (pid " + std::to_string(pid) + ")");
}

size_t StopWorkersWithoutMaster(const config::GatewayConf& conf) {
  const std::string file = runtime::ReplicaPath(conf) + "/data.mdb";
  const std::vector<pid_t> workers = WorkersWithoutMaster(file);
  for (pid_t worker : workers) kill(worker, SIGTERM);
  const auto gone = [&] { return std::none_of(workers.begin(), workers.end(), &IsAlive); };
  if (!WaitUntil(kLongestStop, gone)) {
    for (pid_t worker : workers) kill(worker, SIGKILL);
    WaitUntil(1, gone);
  }
  return workers.size();
}

}  // namespace silverback::cli
