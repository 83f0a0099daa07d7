#include "store/postgres/migrations/apis.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "entity/catalog.h"
#include "store/postgres/migrations/bookkeeping.h"
#include "util/json.h"
#include "util/string_util.h"

namespace silverback::store::postgres::migrations {
namespace {

// Plugins of 0.14 that were bundled then and are no more.
constexpr std::string_view kFormerPlugins[] = {"galileo", "runscope"};

struct Api {
  std::string id, name;
};

Result<std::vector<Api>> ReadApis(Session& session) {
  const auto rows =
      session.Query("SELECT id, coalesce(name, id::text) FROM apis ORDER BY created_at, id");
  if (!rows) return rows.error();
  std::vector<Api> apis;
  for (int i = 0; i < rows->size(); ++i) {
    apis.push_back({std::string(rows->Text(i, 0)), std::string(rows->Text(i, 1))});
  }
  return apis;
}

bool IsBundled(std::string_view plugin) {
  const auto bundled = entity::Catalog::BundledPlugins();
  return std::find(bundled.begin(), bundled.end(), plugin) != bundled.end() ||
         std::find(std::begin(kFormerPlugins), std::end(kFormerPlugins), plugin) !=
             std::end(kFormerPlugins);
}

Result<bool> HasCustomPlugin(Session& session, const Api& api) {
  const auto rows = session.Query("SELECT name FROM plugins WHERE api_id = $1::uuid", {api.id});
  if (!rows) return rows.error();
  for (int i = 0; i < rows->size(); ++i) {
    if (!IsBundled(rows->Text(i, 0))) return true;
  }
  return false;
}

Status InsertService(Session& session, const Api& api, const std::string& service) {
  const auto url = session.Scalar("SELECT upstream_url FROM apis WHERE id = $1::uuid", {api.id});
  if (!url) return url.error();
  const auto parsed = ParseUpstreamUrl(*url);
  if (!parsed) return parsed.error();
  const auto made = session.Query(
      "INSERT INTO services (id, created_at, updated_at, name, retries, protocol, host, port, "
      "path, "
      "connect_timeout, write_timeout, read_timeout) SELECT $2::uuid, date_trunc('second', "
      "created_at), date_trunc('second', created_at), name, retries, $3, $4, $5::bigint, "
      "nullif($6, ''), upstream_connect_timeout, upstream_send_timeout, upstream_read_timeout FROM "
      "apis WHERE id = $1::uuid",
      {api.id, service, parsed->protocol, parsed->host, std::to_string(parsed->port),
       parsed->path});
  return made ? Ok() : Status(made.error());
}

// Lists are JSON texts in `apis`; an empty one matches everything, as none does.
std::string List(std::string_view column) {
  return fmt::format(
      "(SELECT array_agg(v ORDER BY n) FROM json_array_elements_text(CASE WHEN "
      "json_typeof({0}::json) = 'array' THEN {0}::json ELSE '[]' END) WITH ORDINALITY e (v, n))",
      column);
}

Status InsertRoute(Session& session, const Api& api, const std::string& service,
                   const std::string& route) {
  const auto made = session.Query(
      fmt::format(
          "INSERT INTO routes (id, created_at, updated_at, service_id, protocols, methods, "
          "hosts, paths, regex_priority, strip_path, preserve_host, path_handling) SELECT "
          "$2::uuid, date_trunc('second', created_at), date_trunc('second', created_at), "
          "$3::uuid, CASE WHEN https_only THEN '{{https}}' ELSE '{{http,https}}' END::text[], "
          "{}, {}, {}, 0, strip_uri, preserve_host, 'v0' FROM apis WHERE id = $1::uuid",
          List("methods"), List("hosts"), List("uris")),
      {api.id, route, service});
  return made ? Ok() : Status(made.error());
}

Status Turn(Session& session, const Api& api) {
  auto transaction = Transaction::Begin(session);
  if (!transaction) return transaction.error();
  const std::string service = NewUuid(), route = NewUuid();
  if (Status made = InsertService(session, api, service); !made) return made;
  if (Status made = InsertRoute(session, api, service, route); !made) return made;
  const auto moved =
      session.Query("UPDATE plugins SET route_id = $2::uuid, api_id = NULL WHERE api_id = $1::uuid",
                    {api.id, route});
  if (!moved) return moved.error();
  const auto gone = session.Query("DELETE FROM apis WHERE id = $1::uuid", {api.id});
  if (!gone) return gone.error();
  return transaction->Commit();
}

// Tokens of an API go with it, as they name no service.
Status TellTokens(Session& session, const ApiObserver& observer) {
  const auto there = HasTable(session, "oauth2_tokens");
  if (!there) return there.error();
  if (!*there) return Ok();
  const auto count = session.Scalar("SELECT count(*) FROM oauth2_tokens WHERE api_id IS NOT NULL");
  if (!count) return count.error();
  if (*count != "0") {
    observer(
        {ApiEvent::Kind::kNote, "",
         *count + " OAuth 2 token(s) of single APIs end; their clients have to ask for new ones"});
  }
  return Ok();
}

}  // namespace

Result<bool> IsOlderThan1_0(Session& session) {
  const auto old = HasTable(session, "schema_migrations");
  if (!old || !*old) return old;
  const auto bookkeeping = HasTable(session, "schema_meta");
  if (!bookkeeping) return bookkeeping;
  if (!*bookkeeping) return true;
  return session.True(
      "SELECT NOT EXISTS (SELECT 1 FROM schema_meta WHERE subsystem = 'core' AND (executed IS NOT "
      "NULL OR pending IS NOT NULL))");
}

Result<bool> HasApis(Session& session) {
  const auto there = HasTable(session, "apis");
  if (!there || !*there) return there;
  return session.True("SELECT EXISTS (SELECT 1 FROM apis)");
}

Result<UpstreamUrl> ParseUpstreamUrl(std::string_view url) {
  const Error bad(ErrorCode::kInvalidInput, fmt::format("the upstream_url '{}' is no URL", url));
  const size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return bad;
  UpstreamUrl parsed;
  parsed.protocol = ToLower(url.substr(0, scheme));
  std::string_view rest = url.substr(scheme + 3);
  const size_t slash = std::min(rest.find('/'), rest.size());
  parsed.path = rest.substr(slash);
  rest = rest.substr(0, slash);
  rest = rest.substr(rest.rfind('@') == std::string_view::npos ? 0 : rest.rfind('@') + 1);
  parsed.port = parsed.protocol == "https" ? 443 : 80;
  const size_t colon = rest.rfind(':');
  if (colon != std::string_view::npos && rest.find(']', colon) == std::string_view::npos) {
    const std::string_view port = rest.substr(colon + 1);
    const auto read = std::from_chars(port.data(), port.data() + port.size(), parsed.port);
    if (read.ec != std::errc() || read.ptr != port.data() + port.size()) return bad;
    rest = rest.substr(0, colon);
  }
  parsed.host = rest;
  if (parsed.host.empty()) return bad;
  return parsed;
}

Status PrepareForApis(Session& session, const ApiObserver& observer) {
  const auto there = HasTable(session, "schema_meta");
  if (!there) return there.error();
  if (!*there) {
    observer({ApiEvent::Kind::kNote, "", "Upgrading from 0.14.1, bootstrapping database..."});
    if (Status made = CreateBookkeeping(session); !made) return made;
  }
  return session.Script(
      "ALTER TABLE routes ADD COLUMN IF NOT EXISTS path_handling text DEFAULT 'v0'");
}

Status MigrateApis(Session& session, bool with_custom_plugins, const ApiObserver& observer) {
  const auto apis = ReadApis(session);
  if (!apis) return apis.error();
  if (Status told = TellTokens(session, observer); !told) return told;
  for (const Api& api : *apis) {
    observer({ApiEvent::Kind::kBegin, api.name, ""});
    const auto custom = HasCustomPlugin(session, api);
    if (!custom) return custom.error();
    if (*custom && !with_custom_plugins) {
      observer({ApiEvent::Kind::kSkipped, api.name, ""});
      continue;
    }
    const Status turned = Turn(session, api);
    if (!turned && session.broken()) return turned;
    observer({turned ? ApiEvent::Kind::kDone : ApiEvent::Kind::kFailed, api.name,
              turned ? "" : turned.error().message()});
  }
  return Ok();
}

}  // namespace silverback::store::postgres::migrations
