#include "store/postgres/migrations/nodes.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <map>
#include <thread>

#include "store/postgres/options.h"
#include "util/string_util.h"

namespace silverback::store::postgres::migrations {
namespace {

// A session whose client has gone may be listed for an instant more.
constexpr std::chrono::milliseconds kBetweenLooks{300};
constexpr int kLooks = 4;

// Only of roles that can write what nodes write; not autovacuum, which has none. Tools of
// administrators count only when they come as the gateway. What other roles run on is not shown to
// everybody.
constexpr const char* kSessions = R"(
SELECT pid, coalesce(application_name, ''), coalesce(host(client_addr), 'the server itself'), usename
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename IS NOT NULL
  AND coalesce(backend_type, 'client backend') = 'client backend'
  AND coalesce(has_table_privilege(usesysid, to_regclass('services'), 'INSERT'), true)
  AND NOT (usename <> current_user
           AND application_name ~* '^(psql|pg_|pgadmin|dbeaver|datagrip)')
ORDER BY backend_start, pid)";

std::vector<int> Numbers(std::string_view version) {
  std::vector<int> numbers;
  for (std::string_view part : Split(version, '.')) {
    int number = 0;
    std::from_chars(part.data(), part.data() + part.size(), number);
    numbers.push_back(number);
  }
  return numbers;
}

using Sessions = std::map<std::string, std::string>;  // process -> line

Result<Sessions> Look(Session& session) {
  const auto rows = session.Query(kSessions);
  if (!rows) return rows.error();
  Sessions found;
  for (int i = 0; i < rows->size(); ++i) {
    const std::string_view name = rows->Text(i, 1);
    const bool ours = name.starts_with(kApplication);
    if (ours && !IsOlderNode(name)) continue;
    const std::string who = ours           ? std::string(name)
                            : name.empty() ? "Kong or another program"
                                           : fmt::format("Kong or another program ({})", name);
    found.emplace(rows->Text(i, 0),
                  fmt::format("{} at {}, user {}, process {}", who, rows->Text(i, 2),
                              rows->Text(i, 3), rows->Text(i, 0)));
  }
  return found;
}

}  // namespace

bool IsOlderNode(std::string_view name) {
  if (!name.starts_with(kApplication)) return false;
  const std::string_view version = Trim(name.substr(kApplication.size()));
  return Numbers(version.substr(0, version.find(' '))) < Numbers(kVersion);
}

Result<std::vector<std::string>> OlderNodes(Session& session) {
  auto seen = Look(session);
  for (int look = 1; look < kLooks && seen && !seen->empty(); ++look) {
    std::this_thread::sleep_for(kBetweenLooks);
    const auto again = Look(session);
    if (!again) return again.error();
    std::erase_if(*seen, [&](const auto& one) { return !again->contains(one.first); });
  }
  if (!seen) return seen.error();
  std::vector<std::string> lines;
  for (auto& [process, line] : *seen) lines.push_back(std::move(line));
  return lines;
}

}  // namespace silverback::store::postgres::migrations
