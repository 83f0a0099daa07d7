#include "store/postgres/migrations/obstacles.h"

#include <fmt/format.h>

#include <map>

#include "store/postgres/migrations/bookkeeping.h"
#include "store/postgres/migrations/rewrite.h"

namespace silverback::store::postgres::migrations {
namespace {

Result<bool> NeedsDigests(Session& session) {
  const auto there = HasTable(session, "ca_certificates");
  if (!there || !*there) return there;
  return session.True(
      "SELECT NOT EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = 'ca_certificates'::regclass "
      "AND attname = 'cert_digest' AND attnotnull AND NOT attisdropped)");
}

}  // namespace

Result<std::vector<std::string>> Obstacles(Session& session) {
  std::vector<std::string> lines;
  const auto needed = NeedsDigests(session);
  if (!needed) return needed.error();
  if (!*needed) return lines;
  const auto rows = session.Query("SELECT id, cert FROM ca_certificates ORDER BY created_at, id");
  if (!rows) return rows.error();
  std::map<std::string, std::string, std::less<>> seen;  // digest -> id
  for (int i = 0; i < rows->size(); ++i) {
    const std::string id(rows->Text(i, 0));
    const auto digest = CertificateDigest(id, rows->Text(i, 1));
    if (!digest) {
      lines.push_back(digest.error().message());
      continue;
    }
    const auto [first, is_new] = seen.try_emplace(digest->value_or(""), id);
    if (is_new) continue;
    lines.push_back(fmt::format("the CA certificates with the ids '{}' and '{}' are the same",
                                first->second, id));
  }
  return lines;
}

}  // namespace silverback::store::postgres::migrations
