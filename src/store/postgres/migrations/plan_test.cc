#include "store/postgres/migrations/plan.h"

#include <gtest/gtest.h>

#include "store/migration_names.h"

namespace silverback::store::postgres::migrations {
namespace {

TEST(Plan, HasEveryMigrationInOrder) {
  const auto names = MigrationNames();
  ASSERT_EQ(Plan().size(), names.size());
  for (size_t i = 0; i < names.size(); ++i) {
    const SubsystemPlan& plan = Plan()[i];
    EXPECT_EQ(plan.name, names[i].name);
    ASSERT_EQ(plan.migrations.size(), names[i].names.size()) << plan.name;
    for (size_t j = 0; j < plan.migrations.size(); ++j) {
      EXPECT_EQ(plan.migrations[j].name, names[i].names[j]);
    }
  }
}

TEST(Plan, OnlyMigrationsOfTwoHalvesHaveASecondOne) {
  for (const SubsystemPlan& plan : Plan()) {
    for (const Migration& one : plan.migrations) {
      EXPECT_EQ(one.two_halves, !one.finish.steps.empty() || !one.finish.data.empty()) << one.name;
    }
  }
}

TEST(Plan, EveryMigrationHasItsFile) {
  for (const SubsystemPlan& plan : Plan()) {
    const Migration& base = plan.migrations.front();
    EXPECT_FALSE(base.up.steps.empty() && base.finish.data.empty()) << plan.name;
  }
  EXPECT_EQ(FindMigration("core", "nothing"), nullptr);
  EXPECT_EQ(FindMigration("nothing", "000_base"), nullptr);
  ASSERT_NE(FindMigration("core", "008_150_to_200"), nullptr);
  EXPECT_EQ(FindMigration("core", "008_150_to_200")->finish.steps.size(), 2u);
}

TEST(ParseSteps, SplitsAtSemicolonsOutsideQuotes) {
  const auto steps = ParseSteps("-- a comment; with a semicolon\nSELECT ';';\n\nSELECT \";\" ; ");
  ASSERT_EQ(steps.size(), 2u);
  EXPECT_EQ(steps[0].sql, "SELECT ';'");
  EXPECT_EQ(steps[1].sql, "SELECT \";\"");
}

TEST(ParseSteps, KeepsFunctionBodies) {
  const auto steps = ParseSteps("CREATE FUNCTION f() AS $$ BEGIN x; END; $$; SELECT 1");
  ASSERT_EQ(steps.size(), 2u);
  EXPECT_EQ(steps[0].sql, "CREATE FUNCTION f() AS $$ BEGIN x; END; $$");
}

TEST(ParseSteps, ReadsConditions) {
  const auto steps = ParseSteps("-- unless: SELECT true\nSELECT 1;\nSELECT 2;");
  ASSERT_EQ(steps.size(), 2u);
  EXPECT_EQ(steps[0].unless, "SELECT true");
  EXPECT_EQ(steps[1].unless, "");
}

}  // namespace
}  // namespace silverback::store::postgres::migrations
