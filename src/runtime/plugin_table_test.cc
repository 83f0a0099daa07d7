#include "runtime/plugin_table.h"

#include <gtest/gtest.h>

#include "runtime/phase_runner.h"
#include "support/fake_env.h"
#include "support/fake_exchange.h"

namespace silverback::runtime {
namespace {

class PluginTableTest : public ::testing::Test {
 protected:
  void Add(const std::string& id, const std::string& name, Json scope,
           Json config = Json::object()) {
    Json row = {{"id", id}, {"name", name}, {"config", std::move(config)}};
    for (auto& [key, value] : scope.items()) row[key] = {{"id", value}};
    slots_.push_back(MakePluginSlot(row.dump(), row, env_.env));
  }
  std::string Chosen(const std::string& route, const std::string& service,
                     const std::string& consumer) {
    const auto table = PluginTable::Build(slots_);
    const PluginPlan plan = table->MakePlan(route, service);
    if (plan.items.empty()) return "";
    const PluginSlot* slot = plan.items[0].group->Resolve(route, service, consumer);
    return slot ? slot->id : "";
  }

  test::FakeEnv env_;
  std::vector<std::shared_ptr<const PluginSlot>> slots_;
};

TEST_F(PluginTableTest, TheMostSpecificRowCounts) {
  Add("global", "cors", Json::object());
  Add("service", "cors", {{"service", "s"}});
  Add("route", "cors", {{"route", "r"}});
  Add("consumer", "cors", {{"consumer", "c"}});
  EXPECT_EQ(Chosen("x", "y", ""), "global");
  EXPECT_EQ(Chosen("x", "s", ""), "service");
  EXPECT_EQ(Chosen("r", "s", ""), "route");
  EXPECT_EQ(Chosen("r", "s", "c"), "consumer");
  Add("route+service", "cors", {{"route", "r"}, {"service", "s"}});
  EXPECT_EQ(Chosen("r", "s", "c"), "route+service");
  Add("consumer+service", "cors", {{"consumer", "c"}, {"service", "s"}});
  EXPECT_EQ(Chosen("r", "s", "c"), "consumer+service");
  Add("consumer+route", "cors", {{"consumer", "c"}, {"route", "r"}});
  EXPECT_EQ(Chosen("r", "s", "c"), "consumer+route");
  Add("all", "cors", {{"consumer", "c"}, {"route", "r"}, {"service", "s"}});
  EXPECT_EQ(Chosen("r", "s", "c"), "all");
}

TEST_F(PluginTableTest, PlansAreOrderedByPriority) {
  Add("1", "correlation-id", Json::object());
  Add("2", "cors", Json::object());
  Add("3", "key-auth", Json::object());
  const auto table = PluginTable::Build(slots_);
  ASSERT_EQ(table->global().items.size(), 3u);
  EXPECT_EQ(table->global().items[0].without_consumer->name, "cors");
  EXPECT_EQ(table->global().items[2].without_consumer->name, "correlation-id");
}

class PhaseRunnerTest : public PluginTableTest {
 protected:
  PhaseRunner Runner() {
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->plugins = PluginTable::Build(slots_);
    return PhaseRunner(snapshot, env_.log);
  }
  test::FakeExchange exchange_;
};

TEST_F(PhaseRunnerTest, AnAnswerEndsTheAccessPhaseButLaterPhasesRun) {
  Add("1", "request-termination", Json::object(), {{"status_code", 403}, {"message", "no"}});
  Add("2", "correlation-id", Json::object(), {{"header_name", "X-Id"}, {"generator", "uuid"}});
  Add("3", "cors", Json::object());
  PhaseRunner runner = Runner();
  EXPECT_EQ(runner.Rewrite(exchange_), Outcome::kContinue);
  EXPECT_EQ(runner.Access(exchange_), Outcome::kRespond);
  EXPECT_EQ(exchange_.Header("X-Id"), "");
  runner.HeaderFilter(exchange_);
  EXPECT_EQ(exchange_.Response("Access-Control-Allow-Origin"), "*");
}

TEST_F(PhaseRunnerTest, APluginWithoutHandlerIsNeverPassed) {
  Add("1", "no-such-plugin", Json::object());
  PhaseRunner runner = Runner();
  EXPECT_EQ(runner.Access(exchange_), Outcome::kRespond);
  EXPECT_EQ(exchange_.answer->status, 500);
  EXPECT_NE(env_.log.lines.at(0).find("no-such-plugin"), std::string::npos);
}

TEST_F(PhaseRunnerTest, GlobalPluginsSeeAnswersThatCameBeforeAnyPhase) {
  Add("1", "cors", Json::object());
  PhaseRunner runner = Runner();
  runner.HeaderFilter(exchange_);
  EXPECT_EQ(exchange_.Response("Access-Control-Allow-Origin"), "*");
}

TEST_F(PhaseRunnerTest, ConsumerRowsCountOnceTheConsumerIsKnown) {
  env_.entities.Add("consumers", {{"id", "c1"}, {"username", "ann"}});
  env_.entities.Add("keyauth_credentials",
                    {{"id", "k1"}, {"key", "secret"}, {"consumer", {{"id", "c1"}}}});
  Add("1", "key-auth", Json::object(), {{"key_names", {"apikey"}}});
  Add("2", "request-termination", {{"consumer", "c1"}},
      {{"status_code", 403}, {"message", "not you"}});
  PhaseRunner stranger = Runner();
  exchange_.request_headers = {{"apikey", "secret"}};
  EXPECT_EQ(stranger.Access(exchange_), Outcome::kRespond);
  EXPECT_EQ(exchange_.answer->body, R"({"message":"not you"})");
}

}  // namespace
}  // namespace silverback::runtime
