#include "store/sqlite/sqlite_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "store/sqlite/migrations.h"
#include "store/store_contract.h"

namespace silverback::store::sqlite {
namespace {

std::string FreshPath() {
  static std::atomic<int> number = 0;
  const auto folder =
      std::filesystem::temp_directory_path() /
      ("silverback-sqlite-" + std::to_string(getpid()) + "-" + std::to_string(number++));
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder / "kong.db";
}

// Removes the folder of a path at the end of a test.
class File {
 public:
  File() : path(FreshPath()) {}
  ~File() { std::filesystem::remove_all(std::filesystem::path(path).parent_path()); }
  const std::string path;
};

std::unique_ptr<Store> MustOpen(const std::string& path) {
  auto store = Open(path, TestCatalog());
  EXPECT_TRUE(store) << store.error().message();
  return store ? *std::move(store) : nullptr;
}

TEST(SqliteStore, RowsSurviveReopening) {
  const File file;
  {
    auto store = MustOpen(file.path);
    Dao dao(TestCatalog(), *store, nullptr);
    ASSERT_TRUE(dao.Insert("services", {{"name", "s"}, {"host", "h.test"}}));
  }
  struct stat info {};
  ASSERT_EQ(stat(file.path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  auto store = MustOpen(file.path);
  Dao dao(TestCatalog(), *store, nullptr);
  auto row = dao.Select("services", {"name", "s"});
  ASSERT_TRUE(row);
  EXPECT_TRUE(*row);
}

TEST(SqliteStore, TheDefaultWorkspaceIsThereFromTheStart) {
  const File file;
  std::string id;
  for (int i = 0; i < 2; ++i) {
    auto store = MustOpen(file.path);
    Dao dao(TestCatalog(), *store, nullptr);
    const auto row = dao.Select("workspaces", {"name", "default"});
    ASSERT_TRUE(row && *row);
    if (i == 0) id = StringMember(**row, "id");
    EXPECT_EQ(StringMember(**row, "id"), id);
    EXPECT_EQ(*dao.WorkspaceId(), id);
  }
}

TEST(SqliteStore, PluginsMayBeTurnedOffAndOn) {
  const File file;
  {
    auto store = MustOpen(file.path);
    Dao dao(TestCatalog(), *store, nullptr);
    ASSERT_TRUE(dao.Insert("consumers", {{"username", "c"}}));
    ASSERT_TRUE(
        dao.Insert("keyauth_credentials", {{"key", "k"}, {"consumer", {{"username", "c"}}}}));
  }
  {
    auto few = entity::Catalog::Create({"cors"});
    ASSERT_TRUE(few);
    auto store = Open(file.path, **few);
    ASSERT_TRUE(store) << store.error().message();
    Dao dao(**few, **store, nullptr);
    auto deleted = dao.Delete("consumers", {"username", "c"});
    ASSERT_TRUE(deleted) << deleted.error().message();
    EXPECT_TRUE(*deleted);
  }
  auto store = MustOpen(file.path);
  Dao dao(TestCatalog(), *store, nullptr);
  EXPECT_TRUE(dao.List("keyauth_credentials", {})->rows.empty());
}

// A child writes until it is killed; every row that it had announced is there, and its group of
// two is whole.
TEST(SqliteStore, AcknowledgedWritesSurviveKill) {
  const File file;
  MustOpen(file.path);
  int announced[2];
  ASSERT_EQ(pipe(announced), 0);
  const pid_t child = fork();
  if (child == 0) {
    auto store = MustOpen(file.path);
    Dao dao(TestCatalog(), *store, nullptr);
    for (int i = 0;; ++i) {
      const std::string name = std::to_string(i);
      const Status done = dao.InTransaction([&](Dao& inner) -> Status {
        auto consumer = inner.Insert("consumers", {{"username", name}});
        if (!consumer) return consumer.error();
        auto key = inner.Insert("keyauth_credentials",
                                {{"key", name}, {"consumer", {{"username", name}}}});
        return key ? Ok() : Status(key.error());
      });
      if (!done || write(announced[1], &i, sizeof(i)) != sizeof(i)) _exit(1);
    }
  }
  close(announced[1]);
  int last = -1;
  for (int i = 0; i < 50; ++i) ASSERT_EQ(read(announced[0], &last, sizeof(last)), 4);
  kill(child, SIGKILL);
  while (read(announced[0], &last, sizeof(last)) == 4) {
  }
  close(announced[0]);
  waitpid(child, nullptr, 0);
  auto store = MustOpen(file.path);
  Dao dao(TestCatalog(), *store, nullptr);
  ListOptions options;
  options.size = 1000;
  const size_t consumers = dao.List("consumers", options)->rows.size();
  EXPECT_GE(consumers, static_cast<size_t>(last + 1));
  EXPECT_EQ(dao.List("keyauth_credentials", options)->rows.size(), consumers);
  for (int i = 0; i <= last; ++i) {
    auto row = dao.Select("consumers", {"username", std::to_string(i)});
    EXPECT_TRUE(row && *row) << i;
  }
}

TEST(SqliteStore, UnreadableFilesAreErrors) {
  const File file;
  std::ofstream(file.path) << "this is no database, but it is long enough to be taken for one......"
                              "...................................................................";
  auto store = Open(file.path, TestCatalog());
  ASSERT_FALSE(store);
  EXPECT_NE(store.error().message().find(file.path), std::string::npos);
  EXPECT_FALSE(Open("/nonexistent/folder/kong.db", TestCatalog()));
}

TEST(Migrations, Lifecycle) {
  const File file;
  auto state = ReadMigrations(file.path, TestCatalog());
  ASSERT_TRUE(state);
  EXPECT_TRUE(state->needs_bootstrap);
  EXPECT_FALSE(std::filesystem::exists(file.path));
  auto reset = Reset(file.path);
  ASSERT_TRUE(reset);
  EXPECT_FALSE(*reset);
  state = Migrate(file.path, TestCatalog());
  ASSERT_TRUE(state) << state.error().message();
  size_t run = 0;
  for (const SubsystemState& subsystem : state->subsystems) run += subsystem.fresh.size();
  EXPECT_EQ(run, 43u);
  EXPECT_EQ(state->subsystems[0].name, "core");
  state = ReadMigrations(file.path, TestCatalog());
  ASSERT_TRUE(state);
  EXPECT_FALSE(state->needs_bootstrap);
  EXPECT_TRUE(state->subsystems[0].fresh.empty());
  EXPECT_EQ(state->subsystems[0].executed.size(), 14u);
  reset = Reset(file.path);
  ASSERT_TRUE(reset) << reset.error().message();
  EXPECT_TRUE(*reset);
  EXPECT_TRUE(ReadMigrations(file.path, TestCatalog())->needs_bootstrap);
  MustOpen(file.path);
  EXPECT_FALSE(ReadMigrations(file.path, TestCatalog())->needs_bootstrap);
}

TEST(Migrations, BehindTheInterfaceOfEveryStore) {
  const File file;
  auto migrator = NewMigrator(file.path, TestCatalog());
  auto state = migrator->State();
  ASSERT_TRUE(state);
  ASSERT_TRUE(state->needs_bootstrap);
  std::vector<MigrationList> plan;
  for (const SubsystemState& each : state->subsystems) plan.push_back({each.name, each.fresh});
  size_t executed = 0;
  const auto count = [&](const MigrationEvent& event) {
    executed += event.kind == MigrationEvent::Kind::kExecuted;
  };
  const auto locked = migrator->WithLock({}, [&]() -> Status {
    if (Status made = migrator->Bootstrap(); !made) return made;
    return migrator->Run(plan, MigrationHalf::kBoth, count);
  });
  ASSERT_TRUE(locked) << locked.error().message();
  EXPECT_TRUE(*locked);
  EXPECT_EQ(executed, 43u);
  EXPECT_FALSE(migrator->State()->needs_bootstrap);
  ASSERT_TRUE(migrator->Reset());
  EXPECT_TRUE(migrator->State()->needs_bootstrap);
}

}  // namespace
}  // namespace silverback::store::sqlite

namespace silverback::store {
namespace {

INSTANTIATE_TEST_SUITE_P(Sqlite, StoreContract,
                         testing::Values(StoreFactory{
                             "sqlite",
                             [](std::shared_ptr<std::atomic<double>> now) {
                               sqlite::Options options;
                               options.sync_every_commit = false;
                               options.clock = [now] { return now->load(); };
                               auto store =
                                   sqlite::Open(sqlite::FreshPath(), TestCatalog(), options);
                               EXPECT_TRUE(store) << store.error().message();
                               return store ? *std::move(store) : nullptr;
                             }}),
                         [](const auto& param_info) { return param_info.param.name; });

}  // namespace
}  // namespace silverback::store
