#include "store/postgres/usage.h"

namespace silverback::store::postgres {
namespace {

constexpr const char* kNone = "00000000-0000-0000-0000-000000000000";

// In the order of the key: two nodes that add to the same counters never wait for each other in a
// circle.
constexpr const char* kAdd =
    "INSERT INTO ratelimiting_metrics (identifier, period, period_date, service_id, route_id, "
    "value, ttl) SELECT u.identifier, u.period, to_timestamp(u.start), u.service_id, u.route_id, "
    "u.amount, clock_timestamp() + u.seconds * interval '1 second' "
    "FROM unnest($1::text[], $2::text[], $3::bigint[], $4::uuid[], $5::uuid[], $6::bigint[], "
    "$7::int[]) AS u(identifier, period, start, service_id, route_id, seconds, amount) "
    "ORDER BY 1, 2, 3, 4, 5 "
    "ON CONFLICT (identifier, period, period_date, service_id, route_id) "
    "DO UPDATE SET value = ratelimiting_metrics.value + EXCLUDED.value";

// This table has no ttl.
constexpr const char* kAddOfResponses =
    "INSERT INTO response_ratelimiting_metrics (identifier, period, period_date, service_id, "
    "route_id, value) SELECT u.identifier, u.period, to_timestamp(u.start), u.service_id, "
    "u.route_id, u.amount "
    "FROM unnest($1::text[], $2::text[], $3::bigint[], $4::uuid[], $5::uuid[], $6::bigint[], "
    "$7::int[]) AS u(identifier, period, start, service_id, route_id, seconds, amount) "
    "ORDER BY 1, 2, 3, 4, 5 "
    "ON CONFLICT (identifier, period, period_date, service_id, route_id) "
    "DO UPDATE SET value = response_ratelimiting_metrics.value + EXCLUDED.value";

constexpr const char* kRead =
    "SELECT COALESCE(m.value, 0) FROM unnest($1::text[], $2::text[], $3::bigint[], $4::uuid[], "
    "$5::uuid[]) WITH ORDINALITY AS u(identifier, period, start, service_id, route_id, n) "
    "LEFT JOIN ratelimiting_metrics m ON m.identifier = u.identifier AND m.period = u.period AND "
    "m.period_date = to_timestamp(u.start) AND m.service_id = u.service_id AND "
    "m.route_id = u.route_id ORDER BY u.n";

constexpr const char* kReadOfResponses =
    "SELECT COALESCE(m.value, 0) FROM unnest($1::text[], $2::text[], $3::bigint[], $4::uuid[], "
    "$5::uuid[]) WITH ORDINALITY AS u(identifier, period, start, service_id, route_id, n) "
    "LEFT JOIN response_ratelimiting_metrics m ON m.identifier = u.identifier AND "
    "m.period = u.period AND m.period_date = to_timestamp(u.start) AND "
    "m.service_id = u.service_id AND m.route_id = u.route_id ORDER BY u.n";

struct Columns {
  std::vector<std::string> identifiers, periods, starts, services, routes, seconds, amounts;

  explicit Columns(std::span<const UsageCount> counts) {
    for (const UsageCount& count : counts) {
      identifiers.push_back(count.identifier);
      periods.push_back(count.period);
      starts.push_back(std::to_string(count.start));
      services.push_back(count.service_id.empty() ? kNone : count.service_id);
      routes.push_back(count.route_id.empty() ? kNone : count.route_id);
      seconds.push_back(std::to_string(count.seconds));
      amounts.push_back(std::to_string(count.amount));
    }
  }

  std::vector<sql::Value> Keys() const {
    std::vector<sql::Value> values;
    for (const auto* column : {&identifiers, &periods, &starts, &services, &routes})
      values.push_back(sql::Value::Text(sql::ArrayLiteral(*column)));
    return values;
  }
};

}  // namespace

UsageStatement AddUsage(std::span<const UsageCount> counts) {
  const Columns columns(counts);
  const bool of_responses = !counts.empty() && counts.front().of_responses;
  UsageStatement statement{of_responses ? kAddOfResponses : kAdd, columns.Keys()};
  statement.values.push_back(sql::Value::Text(sql::ArrayLiteral(columns.seconds)));
  statement.values.push_back(sql::Value::Text(sql::ArrayLiteral(columns.amounts)));
  return statement;
}

UsageStatement ReadUsage(std::span<const UsageCount> counts) {
  const bool of_responses = !counts.empty() && counts.front().of_responses;
  return {of_responses ? kReadOfResponses : kRead, Columns(counts).Keys()};
}

const char* const kCleanUsage =
    "DELETE FROM ratelimiting_metrics WHERE ctid = ANY(ARRAY(SELECT ctid FROM ratelimiting_metrics "
    "WHERE ttl < CURRENT_TIMESTAMP LIMIT 10000 FOR UPDATE SKIP LOCKED))";

}  // namespace silverback::store::postgres
