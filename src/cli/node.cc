#include "cli/node.h"

#include <fmt/format.h>
#include <signal.h>

#include <filesystem>

#include "cli/installation.h"
#include "cli/kept_files.h"
#include "cli/migration_flow.h"
#include "cli/ownership.h"
#include "cli/process.h"
#include "config/prefix.h"
#include "config/process_secrets.h"
#include "runtime/publisher.h"
#include "runtime/startup.h"

namespace silverback::cli {
namespace {

// A killed node leaves them, and nginx cannot bind where one lies.
void RemoveDanglingSockets(const config::GatewayConf& conf, Console& console) {
  std::vector<std::filesystem::path> sockets;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(conf.prefix(), failed)) {
    if (entry.is_socket(failed)) sockets.push_back(entry.path());
  }
  if (sockets.empty()) return;
  console.Warn(
      fmt::format("Found dangling unix sockets in the prefix directory ({}) while preparing "
                  "to start Kong: it was not shut down properly before",
                  conf.prefix()));
  for (const auto& socket : sockets) {
    console.Warn(fmt::format("removing unix socket: {}", socket.string()));
    std::filesystem::remove(socket, failed);
  }
}

void StopWhatIsLeft(const config::GatewayConf& conf, Console& console) {
  if (const size_t workers = StopWorkersWithoutMaster(conf)) {
    console.Warn(fmt::format("stopped {} nginx worker{} whose master process had been killed",
                             workers, workers == 1 ? "" : "s"));
  }
  RemoveDanglingSockets(conf, console);
}

Status CheckMigrations(const Invocation& invocation, const config::GatewayConf& conf,
                       const entity::Catalog& catalog) {
  if (conf.embedded_store() || conf.database() == "off") return Ok();
  auto migrator = runtime::OpenMigrator(conf, catalog);
  if (!migrator) return migrator.error();
  MigrationFlow::Options options;
  options.lock_timeout = invocation.arguments.Number("lock-timeout").value_or(options.lock_timeout);
  Status checked = MigrationFlow(**migrator, invocation.console)
                       .CheckForStart(options, invocation.arguments.Flag("run-migrations"));
  // Without its database a node serves from its replica, when it has one: what follows decides.
  const bool away = !checked && checked.error().code() == ErrorCode::kUnavailable;
  return away && std::filesystem::exists(runtime::ReplicaPath(conf)) ? Ok() : checked;
}

}  // namespace

Status MakePrefix(const Invocation& invocation, const config::GatewayConf& conf) {
  const std::string& prefix = conf.prefix();
  std::error_code failed;
  if (std::filesystem::exists(prefix, failed)) {
    if (std::filesystem::is_directory(prefix, failed)) return Ok();
    return Error(ErrorCode::kInvalidInput, prefix + " is not a directory");
  }
  invocation.console.Say(fmt::format("prefix directory {} not found, trying to create it", prefix));
  std::filesystem::create_directories(prefix, failed);
  return failed ? Status(Error(ErrorCode::kIo, prefix + ": " + failed.message())) : Ok();
}

Status RenderPrefix(const Invocation& invocation, const config::GatewayConf& conf) {
  auto modules = ModuleFolder();
  if (!modules) return modules.error();
  config::PrefixOptions options;
  options.nginx_template = invocation.arguments.Text("nginx-conf");
  options.module_dir = *modules;
  options.log = invocation.console.Sink();
  return config::PreparePrefix(conf, options);
}

Result<std::unique_ptr<entity::Catalog>> OpenFullCatalog(const config::GatewayConf& conf) {
  auto catalog = runtime::OpenCatalog(conf);
  if (!catalog) return catalog;
  for (const std::string& plugin : conf.plugins()) {
    if (!(*catalog)->Plugin(plugin)) {
      return Error(ErrorCode::kInvalidInput,
                   fmt::format("{} plugin is enabled but not installed", plugin));
    }
  }
  return catalog;
}

Status FillReplica(const Invocation& invocation, const config::GatewayConf& conf, bool reloading) {
  Console& console = invocation.console;
  const auto catalog = OpenFullCatalog(conf);
  if (!catalog) return catalog.error();
  if (Status checked = CheckMigrations(invocation, conf, **catalog); !checked) return checked;
  const auto startup =
      runtime::SynchroniseNode(conf, **catalog, reloading,
                               {.warn = [&](std::string_view warning) { console.Warn(warning); },
                                .progress = [&](std::string_view line) { console.Say(line); }});
  if (!startup) return startup.error();
  if (!startup->store_reachable) {
    console.Warn(
        fmt::format("the database cannot be reached ({}): serving what this node knew last",
                    startup->store_problem));
  }
  console.Verbose(fmt::format("replica: {} rows changed, generation {}", startup->changed_rows,
                              startup->generation));
  if (Status given = GiveToWorkers(conf); !given) return given;
  return CheckWorkersMayEnter(conf);
}

Status UpdateReplica(const Invocation& invocation, const config::GatewayConf& conf,
                     const entity::Catalog& catalog, store::Store& store) {
  if (std::filesystem::exists(runtime::ReplicaPath(conf))) {
    const auto replica = runtime::OpenReplica(conf, catalog);
    if (!replica) return replica.error();
    runtime::Publisher publisher(catalog, store, **replica, nullptr, [&](std::string_view warning) {
      invocation.console.Warn(warning);
    });
    if (auto changed = publisher.Resynchronise(); !changed) return changed.error();
  }
  return GiveToWorkers(conf);
}

Status StartNode(const Invocation& invocation, const config::GatewayConf& conf) {
  Console& console = invocation.console;
  if (MasterPid(conf)) {
    return Error(ErrorCode::kOperationUnsupported, "Kong is already running in " + conf.prefix());
  }
  auto nginx = NginxProgram();
  if (!nginx) return nginx.error();
  if (Status done = RenderPrefix(invocation, conf); !done) return done;
  StopWhatIsLeft(conf, console);
  if (Status done = FillReplica(invocation, conf); !done) return done;
  if (InForeground(conf)) {
    console.Flush();
    return BecomeNginx(conf, *nginx);
  }
  console.Debug(fmt::format("starting nginx: {} -p {} -c nginx.conf", *nginx, conf.prefix()));
  if (Status started = StartNginx(conf, *nginx); !started) return started;
  console.Debug("nginx started");
  console.Say("Kong started");
  return Ok();
}

namespace {

// What RenderPrefix replaces.
std::vector<std::string> RenderedFiles(const config::GatewayConf& conf) {
  const std::string settings = config::EnvFilePath(conf);
  return {settings, config::SecretsPath(settings), conf.String("nginx_conf"),
          conf.String("nginx_kong_conf"), conf.String("nginx_kong_stream_conf")};
}

Status RenderAndReload(const Invocation& invocation, const config::GatewayConf& conf) {
  auto nginx = NginxProgram();
  if (!nginx) return nginx.error();
  if (auto catalog = OpenFullCatalog(conf); !catalog) return catalog.error();
  if (Status done = RenderPrefix(invocation, conf); !done) return done;
  if (Status tested = TestNginx(conf, *nginx); !tested) return tested;
  if (Status done = FillReplica(invocation, conf, true); !done) {
    const bool refused = done.error().code() == ErrorCode::kDeclarativeConfig;
    if (!refused) return done;
    // As Kong: the command succeeds, and the node goes on as it was.
    invocation.console.Warn(done.error().message() + "\nthe node keeps its configuration");
    return Ok();
  }
  return SendSignal(conf, SIGHUP);
}

}  // namespace

Status ReloadNode(const Invocation& invocation, const config::GatewayConf& conf) {
  if (!MasterPid(conf)) {
    return Error(ErrorCode::kNotFound, "nginx not running in prefix: " + conf.prefix());
  }
  const KeptFiles before(RenderedFiles(conf));
  const Status reloaded = RenderAndReload(invocation, conf);
  if (reloaded) return reloaded;
  // The node goes on with the settings that it has: so must the next reload.
  if (Status restored = before.Restore(); !restored) {
    invocation.console.Warn(restored.error().message());
  }
  return reloaded;
}

Status StopNode(const Invocation& invocation, const config::GatewayConf& conf) {
  const bool running = MasterPid(conf) != 0;
  if (!running && StopWorkersWithoutMaster(conf) == 0) {
    return Error(ErrorCode::kNotFound, "nginx not running in prefix: " + conf.prefix());
  }
  if (running) {
    if (Status stopped = StopNginx(conf, SIGTERM, kLongestStop); !stopped) return stopped;
  }
  invocation.console.Say("Kong stopped");
  return Ok();
}

}  // namespace silverback::cli
