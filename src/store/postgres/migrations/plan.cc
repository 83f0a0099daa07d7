#include "store/postgres/migrations/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "store/postgres/migrations/derived.h"
#include "store/postgres/migrations/rewrite.h"
#include "util/embedded.h"
#include "util/string_util.h"

namespace silverback::embedded {
std::span<const util::EmbeddedFile> postgres_migrations();
}

namespace silverback::store::postgres::migrations {
namespace {

using Tables = std::vector<WorkspaceTable>;

void Append(std::vector<Step>& to, std::vector<Step> steps) {
  std::move(steps.begin(), steps.end(), std::back_inserter(to));
}

Migration Simple(std::string_view name, std::vector<Step> steps) {
  Migration migration;
  migration.name = name;
  migration.up.steps = std::move(steps);
  return migration;
}

Migration FromFile(std::string_view name, std::string_view file) {
  return Simple(name, StepsOfFile(file));
}

Migration CoreFile(std::string_view name) {
  return FromFile(name, fmt::format("core/{}.sql", name));
}

Backfill Set(std::string_view table, std::string_view about, std::string where, std::string set) {
  Backfill fill;
  fill.table = table;
  fill.about = about;
  fill.where = std::move(where);
  fill.set = std::move(set);
  return fill;
}

// Times in whole units of `unit`, as later versions write them.
Backfill CutTimes(std::string_view table, std::string_view unit) {
  Backfill fill = Set(table, "times of creation",
                      fmt::format("t.created_at <> date_trunc('{}', t.created_at)", unit),
                      fmt::format("created_at = date_trunc('{}', t.created_at)", unit));
  fill.keeps = "created_at";
  return fill;
}

Migration Core003() {
  Migration migration = CoreFile("003_100_to_110");
  for (std::string_view table : {"services", "routes", "certificates", "snis", "consumers",
                                 "plugins", "upstreams", "targets"}) {
    migration.up.steps.push_back(TagsTrigger(table, table));
  }
  for (std::string_view table : {"consumers", "plugins", "upstreams"}) {
    migration.up.data.push_back(CutTimes(table, "seconds"));
  }
  migration.up.data.push_back(CutTimes("targets", "milliseconds"));
  return migration;
}

Migration Core005() {
  Migration migration = CoreFile("005_120_to_130");
  migration.up.steps.push_back(TagsTrigger("ca_certificates", "ca_certificates"));
  migration.two_halves = true;
  migration.finish.data.push_back(
      Set("upstreams", "algorithms", "coalesce(t.algorithm, '') = ''",
          "algorithm = CASE WHEN t.hash_on = 'none' THEN 'round-robin' ELSE "
          "'consistent-hashing' END"));
  return migration;
}

Migration Core008() {
  Migration migration = CoreFile("008_150_to_200");
  migration.two_halves = true;
  migration.finish.steps = StepsOfFile("core/008_150_to_200.finish.sql");
  return migration;
}

const Tables& CoreTables() {
  static const auto& tables = *new Tables{
      {"upstreams", {"name"}, {}},
      {"targets", {}, {{"upstream", "upstreams", true}}},
      {"consumers", {"username", "custom_id"}, {}},
      {"certificates", {}, {}},
      {"snis", {}, {{"certificate", "certificates"}}},
      {"services", {"name"}, {{"client_certificate", "certificates"}}},
      {"routes", {"name"}, {{"service", "services"}}},
      {"plugins",
       {},
       {{"route", "routes", true}, {"service", "services", true}, {"consumer", "consumers", true}}},
  };
  return tables;
}

Migration Core009() {
  Migration migration = CoreFile("009_200_to_210");
  Append(migration.up.steps, AddWorkspace(CoreTables()));
  migration.two_halves = true;
  migration.finish.data.push_back(WorkspaceInCacheKeys("plugins"));
  Backfill digests;
  digests.table = "ca_certificates";
  digests.about = "digests of CA certificates";
  digests.where = "true";
  digests.from = "cert";
  digests.to = "cert_digest";
  digests.type = "text";
  digests.convert = CertificateDigest;
  migration.finish.data.push_back(std::move(digests));
  migration.finish.steps = DropWorkspaceDefault(CoreTables());
  migration.finish.steps.push_back(
      {"ALTER TABLE ca_certificates ALTER COLUMN cert_digest SET NOT NULL", ""});
  return migration;
}

Migration Core012() {
  Migration migration = CoreFile("012_213_to_220");
  migration.two_halves = true;
  Backfill older;
  older.table = "targets";
  older.about = "superseded targets";
  older.where =
      "EXISTS (SELECT 1 FROM targets n WHERE n.upstream_id = t.upstream_id AND n.target = t.target "
      "AND n.created_at > t.created_at)";
  older.remove = true;
  migration.finish.data.push_back(std::move(older));
  return migration;
}

Migration Core015() {
  Migration migration = CoreFile("015_270_to_280");
  Step trigger = TagsTrigger("vaults_beta", "vaults_beta");
  // A later version's database has another table in its place.
  trigger.unless = "SELECT to_regclass('vaults_beta') IS NULL OR (" + trigger.unless + ")";
  migration.up.steps.push_back(std::move(trigger));
  return migration;
}

std::vector<Migration> Core() {
  return {CoreFile("000_base"),
          Core003(),
          CoreFile("004_110_to_120"),
          Core005(),
          CoreFile("006_130_to_140"),
          CoreFile("007_140_to_150"),
          Core008(),
          Core009(),
          Simple("010_210_to_211", {}),
          CoreFile("011_212_to_213"),
          Core012(),
          CoreFile("013_220_to_230"),
          CoreFile("014_230_to_270"),
          Core015()};
}

// Tables with a workspace: keys at once, the default of the column until the old nodes are gone.
Migration WithWorkspace(std::string_view name, const Tables& tables) {
  Migration migration;
  migration.name = name;
  migration.up.steps = AddWorkspace(tables);
  migration.two_halves = true;
  migration.finish.steps = DropWorkspaceDefault(tables);
  return migration;
}

// whitelist and blacklist become allow and deny. What a node of 2.8 has written under the new names
// before `finish` stays; in Kong the old names, which are not there, take its place.
Backfill RenameLists(std::string_view plugin) {
  Backfill fill;
  fill.table = "plugins";
  fill.about = "allow and deny lists";
  fill.where = fmt::format("t.name = '{}'", plugin);
  fill.from = fill.to = "config";
  fill.type = "jsonb";
  fill.spared_name = fmt::format("plugin '{}'", plugin);
  fill.spared = fill.where + " AND t.config ?| '{allow,deny}'";
  fill.convert = [](std::string_view, std::string_view config) {
    return Result<std::optional<std::string>>(RenameAllowAndDeny(config));
  };
  return fill;
}

std::vector<Migration> Acl() {
  const Tables tables{{"acls", {}, {{"consumer", "consumers", true}}}};
  Migration lists = WithWorkspace("003_200_to_210", tables);
  lists.finish.data = {WorkspaceInCacheKeys("acls"), RenameLists("acl")};
  Migration keys = Simple("004_212_to_213", {});
  keys.two_halves = true;
  keys.finish.data = {WorkspaceInCacheKeys("acls")};
  return {FromFile("000_base_acl", "plugins/acl.sql"),
          Simple("002_130_to_140", AddTags("acls", "acls")), std::move(lists), std::move(keys)};
}

std::vector<Migration> OnlyLists(std::string_view plugin) {
  Migration migration = Simple("001_200_to_210", {});
  migration.two_halves = true;
  migration.finish.data = {RenameLists(plugin)};
  return {std::move(migration)};
}

// A credential of one table, unique by one column.
std::vector<Migration> Credential(std::string_view plugin, std::string_view base,
                                  std::string_view table, std::string_view unique,
                                  std::string_view tags_prefix) {
  return {FromFile(base, fmt::format("plugins/{}.sql", plugin)),
          Simple("002_130_to_140", AddTags(table, tags_prefix)),
          WithWorkspace("003_200_to_210", {{table, {unique}, {{"consumer", "consumers", true}}}})};
}

std::vector<Migration> KeyAuth() {
  auto migrations =
      Credential("key-auth", "000_base_key_auth", "keyauth_credentials", "key", "keyauth");
  Append(migrations[1].up.steps,
         {{"ALTER TABLE keyauth_credentials ADD COLUMN IF NOT EXISTS ttl timestamp with time zone",
           ""},
          {"CREATE INDEX IF NOT EXISTS keyauth_credentials_ttl_idx ON keyauth_credentials (ttl)",
           ""}});
  return migrations;
}

std::vector<Migration> Oauth2() {
  Migration tags = Simple("003_130_to_140", AddTags("oauth2_credentials", "oauth2_credentials"));
  Append(tags.up.steps, StepsOfFile("plugins/oauth2.003_130_to_140.sql"));
  const WorkspaceTable::ForeignKey credential{"credential", "oauth2_credentials", true};
  const WorkspaceTable::ForeignKey service{"service", "services", true};
  Migration workspace =
      WithWorkspace("004_200_to_210",
                    {{"oauth2_credentials", {"client_id"}, {{"consumer", "consumers", true}}},
                     {"oauth2_authorization_codes", {"code"}, {credential, service}},
                     {"oauth2_tokens", {"access_token", "refresh_token"}, {credential, service}}});
  auto steps = StepsOfFile("plugins/oauth2.004_200_to_210.sql");
  Append(steps, std::move(workspace.up.steps));
  workspace.up.steps = std::move(steps);
  return {FromFile("000_base_oauth2", "plugins/oauth2.sql"), std::move(tags), std::move(workspace),
          Simple("005_210_to_211", {})};
}

std::vector<Migration> RateLimiting() {
  return {FromFile("000_base_rate_limiting", "plugins/rate-limiting.sql"),
          Simple("003_10_to_112",
                 {{"CREATE INDEX IF NOT EXISTS ratelimiting_metrics_idx ON ratelimiting_metrics "
                   "(service_id, route_id, period_date, period)",
                   ""}}),
          Simple("004_200_to_210",
                 {{"ALTER TABLE ratelimiting_metrics ADD COLUMN IF NOT EXISTS ttl timestamp with "
                   "time zone",
                   ""},
                  {"CREATE INDEX IF NOT EXISTS ratelimiting_metrics_ttl_idx ON "
                   "ratelimiting_metrics (ttl)",
                   ""}})};
}

std::vector<Migration> Sessions() {
  return {FromFile("000_base_session", "plugins/session.sql"),
          Simple("001_add_ttl_index",
                 {{"CREATE INDEX IF NOT EXISTS sessions_ttl_idx ON sessions (ttl)", ""}})};
}

std::vector<SubsystemPlan> BuildPlan() {
  return {
      {"core", Core()},
      {"acl", Acl()},
      {"acme", {FromFile("000_base_acme", "plugins/acme.sql")}},
      {"basic-auth", Credential("basic-auth", "000_base_basic_auth", "basicauth_credentials",
                                "username", "basicauth")},
      {"bot-detection", OnlyLists("bot-detection")},
      {"hmac-auth", Credential("hmac-auth", "000_base_hmac_auth", "hmacauth_credentials",
                               "username", "hmacauth")},
      {"ip-restriction", OnlyLists("ip-restriction")},
      {"jwt", Credential("jwt", "000_base_jwt", "jwt_secrets", "key", "jwtsecrets")},
      {"key-auth", KeyAuth()},
      {"oauth2", Oauth2()},
      {"rate-limiting", RateLimiting()},
      {"response-ratelimiting",
       {FromFile("000_base_response_rate_limiting", "plugins/response-ratelimiting.sql")}},
      {"session", Sessions()},
  };
}

// The end of a quoted text or $$ body that begins at `at`, or of the character there.
size_t EndOfToken(std::string_view script, size_t at) {
  for (std::string_view quote : {"$$", "'", "\""}) {
    if (!script.substr(at).starts_with(quote)) continue;
    const size_t end = script.find(quote, at + quote.size());
    return end == std::string_view::npos ? script.size() : end + quote.size();
  }
  return at + 1;
}

}  // namespace

std::vector<Step> ParseSteps(std::string_view script) {
  constexpr std::string_view kUnless = "-- unless: ";
  std::vector<Step> steps;
  Step step;
  for (size_t at = 0; at < script.size();) {
    const std::string_view rest = script.substr(at);
    if (rest.starts_with("--")) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      if (line.starts_with(kUnless)) step.unless = line.substr(kUnless.size());
      at += line.size();
    } else if (rest.front() == ';') {
      step.sql = Trim(step.sql);
      steps.push_back(std::move(step));
      step = {};
      ++at;
    } else {
      const size_t end = EndOfToken(script, at);
      step.sql += script.substr(at, end - at);
      at = end;
    }
  }
  if (!Trim(step.sql).empty()) steps.push_back({std::string(Trim(step.sql)), step.unless});
  return steps;
}

std::vector<Step> StepsOfFile(std::string_view file) {
  for (const util::EmbeddedFile& one : embedded::postgres_migrations()) {
    if (one.path.ends_with(file)) return ParseSteps(one.text);
  }
  return {};
}

const std::vector<SubsystemPlan>& Plan() {
  static const auto& plan = *new std::vector<SubsystemPlan>(BuildPlan());
  return plan;
}

const Migration* FindMigration(std::string_view subsystem, std::string_view name) {
  for (const SubsystemPlan& one : Plan()) {
    if (one.name != subsystem) continue;
    for (const Migration& migration : one.migrations) {
      if (migration.name == name) return &migration;
    }
  }
  return nullptr;
}

}  // namespace silverback::store::postgres::migrations
