#include "cli/migration_flow.h"

#include <gmock/gmock.h>

#include <sstream>

namespace silverback::cli {
namespace {

using store::MigrationEvent;
using store::MigrationHalf;
using store::MigrationState;
using testing::HasSubstr;

// A database in memory. Migrations whose name ends in "+" have a second half.
class FakeMigrator final : public store::Migrator {
 public:
  MigrationState state;
  bool locked_by_another = false;
  bool settled = false, aborted = false;
  std::vector<std::string> nodes, losses, obstacles;
  std::function<void()> before_work;  // what another runner does while this one waits

  FakeMigrator() {
    state.needs_bootstrap = false;
    state.subsystems = {{"core", {"000_base"}, {}, {}}, {"key-auth", {"000_base"}, {}, {}}};
  }

  Result<MigrationState> State() override { return state; }
  Status Bootstrap() override {
    state.needs_bootstrap = false;
    return Ok();
  }
  Result<bool> WithLock(const store::LockWait&, const std::function<Status()>& work) override {
    if (locked_by_another) return false;
    if (before_work) before_work();
    if (Status done = work(); !done) return done.error();
    return true;
  }
  Status Run(const std::vector<store::MigrationList>& plan, MigrationHalf half,
             const store::MigrationObserver& observer) override {
    for (const auto& list : plan) {
      for (const std::string& name : list.names) RunOne(list.subsystem, name, half, observer);
    }
    return Ok();
  }
  Status Reset() override {
    state.needs_bootstrap = true;
    return Ok();
  }
  Result<std::vector<std::string>> OlderNodes() override { return nodes; }
  Result<std::vector<std::string>> Obstacles() override { return obstacles; }
  Result<std::vector<std::string>> AbortLosses() override { return losses; }
  Status Abort(const store::MigrationObserver&) override {
    aborted = true;
    return Ok();
  }
  Status Settle() override {
    settled = true;
    return Ok();
  }
  Status DryRun(const std::vector<store::MigrationList>& plan, MigrationHalf,
                const std::function<void(const std::string&)>& print) override {
    for (const auto& list : plan) print("would migrate " + list.subsystem);
    return Ok();
  }
  std::string_view strategy() const override { return "postgres"; }
  std::string Place() const override { return "database 'kong'"; }

 private:
  void RunOne(const std::string& subsystem, const std::string& name, MigrationHalf half,
              const store::MigrationObserver& observer) {
    observer({MigrationEvent::Kind::kBegin, subsystem, name, ""});
    for (auto& each : state.subsystems) {
      if (each.name != subsystem) continue;
      std::erase(each.fresh, name);
      std::erase(each.pending, name);
      std::erase(each.executed, name);
      const bool half_done = half == MigrationHalf::kUp && name.ends_with('+');
      (half_done ? each.pending : each.executed).push_back(name);
      observer({half_done ? MigrationEvent::Kind::kPending : MigrationEvent::Kind::kExecuted,
                subsystem, name, ""});
    }
  }
};

class MigrationFlowTest : public testing::Test {
 protected:
  FakeMigrator migrator_;
  std::ostringstream out_, err_;
  Console console_{out_, err_};
  MigrationFlow flow_{migrator_, console_};

  std::string Said() {
    std::string text = out_.str();
    out_.str("");
    return text;
  }
};

TEST_F(MigrationFlowTest, BootstrapRunsEverything) {
  migrator_.state.needs_bootstrap = true;
  migrator_.state.subsystems = {{"core", {}, {}, {"000_base", "001+"}}};
  ASSERT_TRUE(flow_.Bootstrap({}));
  EXPECT_EQ(Said(),
            "Bootstrapping database...\nmigrating core on database 'kong'...\n"
            "core migrated up to: 000_base (executed)\ncore migrated up to: 001+ (executed)\n"
            "2 migrations processed\n2 executed\nDatabase is up-to-date\n");
  ASSERT_TRUE(flow_.Bootstrap({}));
  EXPECT_EQ(Said(), "Database already bootstrapped\n");
  MigrationFlow::Options force;
  force.force = true;
  ASSERT_TRUE(flow_.Bootstrap(force));
  EXPECT_THAT(Said(), HasSubstr("Database successfully reset\nBootstrapping database...\n"));
}

TEST_F(MigrationFlowTest, UpAndFinishRunTheHalves) {
  migrator_.state.subsystems[0].fresh = {"001+"};
  migrator_.state.subsystems[1].fresh = {"001"};
  ASSERT_TRUE(flow_.Up({}));
  EXPECT_EQ(Said(),
            "migrating core on database 'kong'...\ncore migrated up to: 001+ (pending)\n"
            "migrating key-auth on database 'kong'...\nkey-auth migrated up to: 001 (executed)\n"
            "2 migrations processed\n1 executed\n1 pending\n\n"
            "Database has pending migrations; run 'kong migrations finish' when ready\n");
  EXPECT_EQ(flow_.List(migrator_.state), 4);
  EXPECT_EQ(Said(),
            "Executed migrations:\n    core: 000_base\nkey-auth: 000_base, 001\n\n"
            "Pending migrations:\ncore: 001+\n\nRun 'kong migrations finish' when ready\n");
  const Status again = flow_.Up({});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().message(),
            "Database has pending migrations; run 'kong migrations finish'");
  ASSERT_TRUE(flow_.Finish({}));
  EXPECT_TRUE(migrator_.settled);
  EXPECT_EQ(Said(),
            "migrating core on database 'kong'...\ncore migrated up to: 001+ (executed)\n"
            "1 migration processed\n1 executed\nNo pending migrations to finish\n");
  ASSERT_TRUE(flow_.Finish({}));
  EXPECT_EQ(Said(), "No pending migrations to finish\n");
  EXPECT_EQ(flow_.List(migrator_.state), 0);
}

TEST_F(MigrationFlowTest, PendingOnesOfAnOlderVersion) {
  migrator_.state.subsystems[0].pending = {"001+"};
  migrator_.state.subsystems[0].fresh = {"002"};
  EXPECT_EQ(flow_.List(migrator_.state), 4);
  EXPECT_THAT(Said(), HasSubstr("(postgres database will be incompatible with the previous Kong"));
  EXPECT_THAT(err_.str(), HasSubstr("[warn] Database has pending migrations from a previous"));
  ASSERT_TRUE(flow_.Finish({}));
  EXPECT_THAT(Said(),
              HasSubstr("\n\nNew migrations available; run 'kong migrations up' to proceed\n"));
}

TEST_F(MigrationFlowTest, WaitsForNobodyWhoHoldsTheLock) {
  migrator_.state.subsystems[0].fresh = {"001"};
  migrator_.locked_by_another = true;
  const std::string message = "aborted: another node is performing database changes\n";
  ASSERT_TRUE(flow_.Up({}));
  EXPECT_EQ(Said(), message);
  const auto finished = flow_.Finish({});
  ASSERT_TRUE(finished);
  EXPECT_FALSE(*finished);
  EXPECT_EQ(Said(), message);
  const auto reset = flow_.Reset({});
  ASSERT_TRUE(reset);
  EXPECT_FALSE(*reset);
  EXPECT_EQ(Said(), message);
  EXPECT_FALSE(migrator_.state.subsystems[0].fresh.empty());
}

TEST_F(MigrationFlowTest, AStartRefusesWhatItCannotWorkWith) {
  EXPECT_TRUE(flow_.CheckForStart({}, false));
  migrator_.state.subsystems[0].fresh = {"001+"};
  const Status fresh = flow_.CheckForStart({}, false);
  ASSERT_FALSE(fresh);
  EXPECT_EQ(fresh.error().message(),
            "New migrations available; run 'kong migrations up' to proceed");
  EXPECT_TRUE(flow_.CheckForStart({}, true));
  EXPECT_THAT(Said(), HasSubstr("Database has pending migrations:\ncore: 001+\n"));
  EXPECT_TRUE(flow_.CheckForStart({}, true));
  EXPECT_EQ(Said(), "Database has pending migrations:\ncore: 001+\n");
  migrator_.state.needs_bootstrap = true;
  const Status empty = flow_.CheckForStart({}, true);
  ASSERT_FALSE(empty);
  EXPECT_THAT(empty.error().message(),
              HasSubstr("Cannot run migrations: Database needs bootstrapping or is older than"));
}

TEST_F(MigrationFlowTest, ResetOfNothing) {
  migrator_.state.needs_bootstrap = true;
  const auto reset = flow_.Reset({});
  ASSERT_TRUE(reset);
  EXPECT_FALSE(*reset);
  EXPECT_EQ(Said(), "Database not bootstrapped, nothing to reset\n");
  EXPECT_EQ(flow_.List(migrator_.state), 3);
}

TEST_F(MigrationFlowTest, UpTellsWhatWillStopFinish) {
  migrator_.state.subsystems[0].fresh = {"001+"};
  migrator_.obstacles = {"something is twice"};
  ASSERT_TRUE(flow_.Up({}));
  EXPECT_THAT(err_.str(), HasSubstr("'finish' will fail: something is twice\n"));
  EXPECT_THAT(Said(), HasSubstr("core migrated up to: 001+ (pending)\n"));
}

TEST_F(MigrationFlowTest, FinishStopsForOlderNodes) {
  migrator_.state.subsystems[0].pending = {"001+"};
  migrator_.nodes = {"a node of 2.7.2 at 10.0.0.1"};
  const auto refused = flow_.Finish({});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), HasSubstr("--force-finish"));
  EXPECT_THAT(err_.str(), HasSubstr("[warn] still connected: a node of 2.7.2 at 10.0.0.1\n"));
  MigrationFlow::Options options;
  options.ask = [](std::string_view) { return false; };
  const auto answered = flow_.Finish(options);
  ASSERT_TRUE(answered);
  EXPECT_FALSE(*answered);
  EXPECT_FALSE(migrator_.state.subsystems[0].pending.empty());
  options.ask = nullptr;
  options.force_finish = true;
  const auto forced = flow_.Finish(options);
  ASSERT_TRUE(forced);
  EXPECT_TRUE(*forced);
  EXPECT_TRUE(migrator_.state.subsystems[0].pending.empty());
  // With nothing pending nobody is in the way.
  EXPECT_TRUE(flow_.Finish({}));
}

TEST_F(MigrationFlowTest, AnInterruptedUpGoesOn) {
  migrator_.state.subsystems[0].pending = {"001+"};
  migrator_.state.subsystems[0].fresh = {"002"};
  migrator_.state.is_interrupted = true;
  ASSERT_TRUE(flow_.Up({}));
  EXPECT_THAT(Said(), HasSubstr("core migrated up to: 002 (executed)\n"));
  EXPECT_TRUE(migrator_.state.subsystems[0].fresh.empty());
  // Interrupted after its last migration.
  ASSERT_TRUE(flow_.Up({}));
  EXPECT_THAT(Said(), HasSubstr("run 'kong migrations finish' when ready\n"));
}

TEST_F(MigrationFlowTest, TheSecondRunnerFindsTheWorkDone) {
  migrator_.state.subsystems[0].fresh = {"001+"};
  migrator_.before_work = [&] {
    migrator_.state.subsystems[0].fresh.clear();
    migrator_.state.subsystems[0].pending = {"001+"};
  };
  ASSERT_TRUE(flow_.Up({}));
  EXPECT_EQ(Said(), "\nDatabase has pending migrations; run 'kong migrations finish' when ready\n");
}

TEST_F(MigrationFlowTest, AbortAsksBeforeDataIsLost) {
  migrator_.losses = {"3 rows of vaults_beta"};
  const auto refused = flow_.Abort({});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), HasSubstr("3 rows of vaults_beta"));
  EXPECT_FALSE(migrator_.aborted);
  MigrationFlow::Options options;
  options.yes = true;
  ASSERT_TRUE(flow_.Abort(options));
  EXPECT_TRUE(migrator_.aborted);
}

TEST_F(MigrationFlowTest, DryRunsChangeNothing) {
  migrator_.state.subsystems[1].fresh = {"001"};
  MigrationFlow::Options options;
  options.dry_run = true;
  ASSERT_TRUE(flow_.Up(options));
  EXPECT_EQ(Said(), "would migrate key-auth\n");
  ASSERT_TRUE(flow_.Finish(options));
  EXPECT_EQ(Said(), "Nothing to run\n");
  EXPECT_FALSE(migrator_.state.subsystems[1].fresh.empty());
}

TEST_F(MigrationFlowTest, RefusesDatabasesBefore1_0) {
  migrator_.state.needs_bootstrap = true;
  migrator_.state.is_older_than_1_0 = true;
  const Status refused = flow_.Bootstrap({});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), HasSubstr("kong migrations migrate-apis"));
}

TEST_F(MigrationFlowTest, StatusAsJson) {
  migrator_.state.subsystems[0].pending = {"001+"};
  MigrationFlow::Options options;
  options.json = true;
  const auto code = flow_.ShowStatus(options);
  ASSERT_TRUE(code);
  EXPECT_EQ(*code, 4);
  const Json status = Json::parse(Said());
  EXPECT_EQ(status["state"], "pending");
  EXPECT_EQ(status["next"], "kong migrations finish");
  EXPECT_EQ(status["subsystems"][0]["pending"], Json::array({"001+"}));
}

}  // namespace
}  // namespace silverback::cli
