#include "store/cluster_events.h"

#include <gtest/gtest.h>

#include "store/store_test_util.h"

namespace silverback::store {
namespace {

constexpr char kId[] = "5e000000-0000-4000-8000-000000000001";
constexpr char kOther[] = "c0000000-0000-4000-8000-000000000001";
constexpr char kWorkspace[] = "0d000000-0000-4000-8000-000000000001";

const schema::Schema& Of(const char* name) { return *TestCatalog().Entity(name); }

Change Made(const char* entity, Json row) {
  row["ws_id"] = kWorkspace;
  return {&Of(entity), StringMember(row, "id"), row, std::nullopt};
}

std::vector<std::string> Told(const std::vector<Change>& changes) {
  std::vector<std::string> lines;
  for (const ClusterEvent& event : EventsOf(changes)) {
    lines.push_back(event.channel + " " + event.data);
  }
  return lines;
}

std::string Described(const std::string& channel, const std::string& data) {
  std::string text;
  for (const Mention& mention : MentionsOf(TestCatalog(), {channel, data})) {
    static constexpr const char* kKinds[] = {"row", "unique", "foreign", "entity", "anything"};
    text += std::string(text.empty() ? "" : ", ") + kKinds[static_cast<int>(mention.kind)];
    if (mention.schema) text += " " + mention.schema->name();
    if (!mention.field.empty()) text += " " + mention.field;
    if (!mention.value.empty()) text += "=" + mention.value;
  }
  return text;
}

using Lines = std::vector<std::string>;
const std::string kEnd = std::string(":::::") + kWorkspace;

TEST(ClusterEvents, TellWhatKongCaches) {
  EXPECT_EQ(
      Told({Made("routes", {{"id", kId}})}),
      (Lines{"invalidations routes:" + std::string(kId) + kEnd, "invalidations router:version"}));
  EXPECT_EQ(Told({Made("services", {{"id", kId}})}),
            (Lines{"invalidations services:" + std::string(kId) + kEnd}));
  EXPECT_EQ(Told({Made("keyauth_credentials", {{"id", kId}, {"key", "a:b"}})}),
            (Lines{"invalidations keyauth_credentials:a:b" + kEnd}));
  EXPECT_EQ(
      Told({Made(
          "plugins",
          {{"id", kId}, {"name", "cors"}, {"service", {{"id", kOther}}}, {"route", nullptr}})}),
      (Lines{"invalidations plugins:cors::" + std::string(kOther) + ":::" + kWorkspace,
             "invalidations plugins_iterator:version"}));
  EXPECT_EQ(Told({Made("targets", {{"id", kId}, {"upstream", {{"id", kOther}}}})}),
            (Lines{"invalidations targets:" + std::string(kId) + kEnd,
                   "balancer:targets create:" + std::string(kOther)}));
  EXPECT_EQ(Told({Made("snis", {{"id", kId}, {"name", "a.b.test"}})}),
            (Lines{"invalidations snis:" + std::string(kId) + kEnd, "invalidations snis:a.b.test",
                   "invalidations snis:*.b.test", "invalidations snis:a.b.*"}));
}

TEST(ClusterEvents, TellTheOldKeyToo) {
  Change change = Made("keyauth_credentials", {{"id", kId}, {"key", "new"}});
  change.old_row = Json{{"id", kId}, {"key", "old"}, {"ws_id", kWorkspace}};
  EXPECT_EQ(Told({change}), (Lines{"invalidations keyauth_credentials:new" + kEnd,
                                   "invalidations keyauth_credentials:old" + kEnd}));
}

TEST(ClusterEvents, ARowThatIsNotKnownIsToldByItsId) {
  EXPECT_EQ(Told({{&Of("keyauth_credentials"), kId, std::nullopt, std::nullopt}}),
            (Lines{"silverback:rows keyauth_credentials:" + std::string(kId)}));
}

TEST(ClusterEvents, KeysOfAllEntitiesAreUnderstood) {
  const std::string id = kId;
  EXPECT_EQ(Described("invalidations", "services:" + id + kEnd), "row services=" + id);
  EXPECT_EQ(Described("invalidations", "services:" + id + ":::::"), "row services=" + id);
  EXPECT_EQ(Described("invalidations", "keyauth_credentials:a:b" + kEnd),
            "unique keyauth_credentials key=a:b");
  EXPECT_EQ(Described("invalidations", "plugins:cors:::::" + std::string(kWorkspace)),
            "unique plugins cache_key=plugins:cors:::::" + std::string(kWorkspace));
  EXPECT_EQ(Described("invalidations", "acls:" + id + ":g:x::::" + kWorkspace),
            "unique acls cache_key=acls:" + id + ":g:x::::" + kWorkspace);
  EXPECT_EQ(Described("invalidations", "acls:" + id + kEnd), "");
  EXPECT_EQ(Described("invalidations", "snis:*.b.test"), "unique snis name=*.b.test");
  EXPECT_EQ(Described("invalidations", "certificates:" + id), "row certificates=" + id);
  EXPECT_EQ(Described("invalidations", "router:version"), "entity routes");
  EXPECT_EQ(Described("invalidations", "plugins_iterator:version"), "entity plugins");
  EXPECT_EQ(Described("invalidations", "somebody's:own"), "anything");
  EXPECT_EQ(Described("balancer:targets", "create:" + id), "foreign targets upstream=" + id);
  EXPECT_EQ(Described("balancer:targets", "create:all"), "entity targets");
  EXPECT_EQ(Described("balancer:upstreams", "delete:" + id + ":name"), "row upstreams=" + id);
  EXPECT_EQ(Described("balancer:post_health", "h|1.1.1.1|80|1|" + id + "|u"), "");
  EXPECT_EQ(Described("silverback:rows", "consumers:" + id), "row consumers=" + id);
}

TEST(ClusterEvents, PurgesOfProxyCache) {
  const std::string id = "11111111-1111-4111-8111-111111111111";
  EXPECT_EQ((CachePurge{id, "abc"}).ToData(), id + ":abc");
  EXPECT_EQ((CachePurge{id, ""}).ToData(), id + ":nil");
  EXPECT_EQ(CachePurge::Parse(id + ":abc")->key, "abc");
  EXPECT_EQ(CachePurge::Parse(id + ":nil")->key, "");
  EXPECT_FALSE(CachePurge::Parse("nil:abc"));
}

TEST(ClusterEvents, HealthOfTargets) {
  const std::string id = kId;
  const TargetHealth set{"h.test", "10.0.0.1", 80, false, id, "u"};
  EXPECT_EQ(set.ToData(), "h.test|10.0.0.1|80|0|" + id + "|u");
  const auto all = TargetHealth::Parse("h.test||8000|1|" + id + "|u");
  ASSERT_TRUE(all);
  EXPECT_EQ(all->host, "h.test");
  EXPECT_EQ(all->ip, "");
  EXPECT_EQ(all->port, 8000);
  EXPECT_TRUE(all->healthy);
  EXPECT_EQ(all->upstream_id, id);
  EXPECT_FALSE(TargetHealth::Parse("h.test|80|1"));
}

// What we tell, we understand: every entity's own events name the row.
TEST(ClusterEvents, ComeBackAsTheRow) {
  for (const schema::Schema* schema : TestCatalog().entities()) {
    Json row = {{"id", kId}, {"ws_id", kWorkspace}, {schema->primary_key(), kId}};
    for (const schema::Field& field : schema->fields()) {
      if (field.type == schema::FieldType::kString && !field.uuid) row[field.name] = "text";
      if (field.type == schema::FieldType::kForeign) row[field.name] = {{"id", kOther}};
    }
    row[schema->primary_key()] = kId;
    const auto events = EventsOf({{schema, kId, row, std::nullopt}});
    ASSERT_FALSE(events.empty());
    const auto mentions = MentionsOf(TestCatalog(), events.front());
    ASSERT_EQ(mentions.size(), 1u) << schema->name();
    EXPECT_EQ(mentions[0].schema, schema) << events.front().data;
    EXPECT_NE(mentions[0].kind, Mention::Kind::kEntity) << events.front().data;
  }
}

}  // namespace
}  // namespace silverback::store
