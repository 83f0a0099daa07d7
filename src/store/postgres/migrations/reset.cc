#include "store/postgres/migrations/reset.h"

#include <fmt/format.h>

namespace silverback::store::postgres::migrations {
namespace {

// Statements that drop what is left; dependants go with what they depend on, so the list is made
// anew until it is empty.
constexpr const char* kLeft = R"(
SELECT format('DROP %s %s CASCADE', CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN
              'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' WHEN 'f' THEN 'FOREIGN TABLE'
              ELSE 'TABLE' END, c.oid::regclass)
  FROM pg_class c
 WHERE c.relnamespace = $1::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
   AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND
                   d.objid = c.oid AND d.deptype IN ('e', 'i', 'a'))
UNION ALL
SELECT format('DROP %s %s CASCADE', CASE WHEN EXISTS (SELECT 1 FROM pg_aggregate a WHERE
              a.aggfnoid = p.oid) THEN 'AGGREGATE' ELSE 'FUNCTION' END, p.oid::regprocedure)
  FROM pg_proc p
 WHERE p.pronamespace = $1::regnamespace
   AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND
                   d.objid = p.oid AND d.deptype IN ('e', 'i'))
UNION ALL
SELECT format('DROP TYPE %s CASCADE', t.oid::regtype)
  FROM pg_type t
 WHERE t.typnamespace = $1::regnamespace AND t.typtype IN ('e', 'd', 'r', 'c')
   AND (t.typrelid = 0 OR (SELECT relkind FROM pg_class WHERE oid = t.typrelid) = 'c')
   AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_type'::regclass AND
                   d.objid = t.oid AND d.deptype IN ('e', 'i'))
 LIMIT 1)";

}  // namespace

Status DropEverything(Session& session) {
  auto transaction = Transaction::Begin(session);
  if (!transaction) return transaction.error();
  while (true) {
    const auto next = session.Scalar(kLeft, {session.QuoteName(session.schema())});
    if (!next) return next.error();
    if (next->empty()) break;
    if (Status dropped = session.Script(*next); !dropped) return dropped;
  }
  // What an `up` kept beside it.
  const Status undo =
      session.Script(fmt::format("DROP SCHEMA IF EXISTS {} CASCADE",
                                 session.QuoteName("silverback_undo_" + session.schema())));
  if (!undo) return undo;
  return transaction->Commit();
}

}  // namespace silverback::store::postgres::migrations
