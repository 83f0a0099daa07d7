#include "store/postgres/test_server.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "store/postgres/connection.h"
#include "store/postgres/migrations.h"
#include "store/store_test_util.h"
#include "util/string_util.h"

namespace silverback::store::postgres {
namespace {

std::string RunCommand(const std::string& command) {
  std::string out;
  FILE* pipe = popen(command.c_str(), "r");
  if (!pipe) return out;
  char piece[4096];
  while (const size_t got = fread(piece, 1, sizeof(piece), pipe)) out.append(piece, got);
  EXPECT_EQ(pclose(pipe), 0) << command;
  return out;
}

class Server final : public testing::Environment {
 public:
  const Options& options() {
    if (!started_) Start();
    return options_;
  }

  void TearDown() override {
    if (folder_.empty()) return;
    RunCommand("test/support/postgres.sh stop " + folder_ + " >/dev/null");
    std::filesystem::remove_all(folder_);
  }

 private:
  void Start() {
    started_ = true;
    if (const char* host = getenv("KONG_PG_HOST")) {
      Take("KONG_PG_HOST", host);
      for (const char* name :
           {"KONG_PG_PORT", "KONG_PG_USER", "KONG_PG_PASSWORD", "KONG_PG_DATABASE"}) {
        if (const char* value = getenv(name)) Take(name, value);
      }
      return;
    }
    folder_ = std::filesystem::temp_directory_path() /
              ("silverback-postgres-" + std::to_string(getpid()));
    std::istringstream lines(RunCommand("test/support/postgres.sh start " + folder_));
    for (std::string word; lines >> word;) {
      const size_t equals = word.find('=');
      if (equals != std::string::npos) Take(word.substr(0, equals), word.substr(equals + 1));
    }
  }

  void Take(const std::string& name, const std::string& value) {
    if (name == "KONG_PG_HOST") options_.host = value;
    if (name == "KONG_PG_PORT") options_.port = value;
    if (name == "KONG_PG_USER") options_.user = value;
    if (name == "KONG_PG_PASSWORD") options_.password = value;
    if (name == "KONG_PG_DATABASE") options_.database = value;
  }

  bool started_ = false;
  std::string folder_;
  Options options_;
};

Server& TheServer() {
  static auto* server = dynamic_cast<Server*>(testing::AddGlobalTestEnvironment(new Server));
  return *server;
}

// At load time: environments that are added while tests run are never torn down.
[[maybe_unused]] const bool registered = (TheServer(), true);

void MustRun(Connection& connection, const std::string& script) {
  const Status done = connection.Script(script);
  EXPECT_TRUE(done) << done.error().message();
}

}  // namespace

Options EmptyTestDatabase(const std::string& name) {
  Options options = TheServer().options();
  auto connection = Connection::Open(options);
  EXPECT_TRUE(connection) << connection.error().message();
  options.schema = "test_" + name;
  if (connection) {
    MustRun(**connection, "DROP SCHEMA IF EXISTS " + options.schema + " CASCADE; CREATE SCHEMA " +
                              options.schema);
  }
  return options;
}

Options TestDatabase() {
  static const Options options = [] {
    Options made = EmptyTestDatabase("store");
    const Status done = Bootstrap(made, TestCatalog());
    EXPECT_TRUE(done) << done.error().message();
    return made;
  }();
  auto connection = Connection::Open(options);
  EXPECT_TRUE(connection) << connection.error().message();
  if (!connection) return options;
  const auto tables =
      (*connection)
          ->Query(
              "SELECT string_agg(quote_ident(tablename::text), ', ') FROM pg_tables "
              "WHERE schemaname = current_schema() AND tablename NOT IN ('schema_meta', 'locks')");
  EXPECT_TRUE(tables) << tables.error().message();
  if (tables) MustRun(**connection, "TRUNCATE " + std::string(tables->Text(0, 0)) + " CASCADE");
  return options;
}

}  // namespace silverback::store::postgres
