#include "store/postgres/migrations/undo.h"

#include <fmt/format.h>

namespace silverback::store::postgres::migrations {
namespace {

constexpr const char* kPhases[] = {"none", "running", "failed", "done", "finishing"};
constexpr const char* kName = "silverback_undo";

// One JSON document of everything that migrations may change.
constexpr const char* kSnapshot = R"(
SELECT json_build_object(
  'columns', (SELECT coalesce(json_agg(json_build_object('table', c.relname, 'name', a.attname,
      'default', pg_get_expr(d.adbin, d.adrelid), 'required', a.attnotnull)
      ORDER BY c.relname, a.attnum), '[]')
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p') AND a.attnum > 0
      AND NOT a.attisdropped),
  'constraints', (SELECT coalesce(json_agg(json_build_object('table', c.relname, 'name', k.conname,
      'definition', pg_get_constraintdef(k.oid), 'kind', k.contype)
      ORDER BY k.contype = 'f', c.relname, k.conname), '[]')
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
    WHERE c.relnamespace = n.oid AND k.contype <> 'n'),
  'indexes', (SELECT coalesce(json_agg(json_build_object('table', c.relname, 'name', i.relname,
      'definition', pg_get_indexdef(i.oid)) ORDER BY i.relname), '[]')
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid
    WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p')
      AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.oid)),
  'triggers', (SELECT coalesce(json_agg(json_build_object('table', c.relname, 'name', t.tgname,
      'definition', pg_get_triggerdef(t.oid)) ORDER BY c.relname, t.tgname), '[]')
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = n.oid AND NOT t.tgisinternal),
  'functions', (SELECT coalesce(json_agg(json_build_object('table', '', 'name', p.proname,
      'signature', p.oid::regprocedure::text, 'definition', pg_get_functiondef(p.oid))
      ORDER BY p.oid::regprocedure::text), '[]')
    FROM pg_proc p WHERE p.pronamespace = n.oid
      AND p.prolang IN (SELECT oid FROM pg_language WHERE lanname IN ('plpgsql', 'sql'))
      AND NOT EXISTS (SELECT 1 FROM pg_aggregate g WHERE g.aggfnoid = p.oid)),
  'schema_meta', (SELECT coalesce(json_agg(m), '[]') FROM schema_meta m))
FROM pg_namespace n WHERE n.nspname = $1)";

}  // namespace

Result<Json> Snapshot(Session& session) {
  const auto text = session.Scalar(kSnapshot, {session.schema()});
  if (!text) return text.error();
  return Json::parse(*text);
}

Result<UndoLog> UndoLog::Open(Session& session) {
  UndoLog log(session);
  const auto places = session.Query(
      "SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE "
      "c.relname = $1 AND n.nspname IN ($2, $3)",
      {std::string(kName) + "_state", fmt::format("{}_{}", kName, session.schema()),
       session.schema()});
  if (!places) return places.error();
  if (places->size() == 0) return log;
  log.place_ = session.QuoteName(std::string(places->Text(0, 0))) + ".";
  const auto phase = session.Scalar("SELECT phase FROM " + log.Table("state"));
  if (!phase) {
    const std::string state = SqlState(phase.error());
    // Another role's: it is not ours to read.
    if (state == "42501") return log;
    // Another runner has come to its end meanwhile and removed the table, or its schema too.
    if (state == "42P01" || state == "3F000") return UndoLog(session);
    return phase.error();
  }
  for (size_t i = 0; i < std::size(kPhases); ++i) {
    if (*phase == kPhases[i]) log.phase_ = static_cast<Phase>(i);
  }
  return log;
}

std::string UndoLog::Table(const char* name) const {
  return fmt::format("{}{}_{}", place_, kName, name);
}

Status UndoLog::Make() {
  const std::string schema = session_->QuoteName(fmt::format("{}_{}", kName, session_->schema()));
  // A run that was killed right here has left the schema behind.
  const Status own = session_->Script("CREATE SCHEMA IF NOT EXISTS " + schema);
  if (!own && SqlState(own.error()) != "42501") return own;
  place_ = (own ? schema : session_->QuoteName(session_->schema())) + ".";
  return Ok();
}

Status UndoLog::Create() {
  auto transaction = Transaction::Begin(*session_);
  if (!transaction) return transaction.error();
  const auto before = Snapshot(*session_);
  if (!before) return before.error();
  const Status made = session_->Script(fmt::format(
      "CREATE TABLE {} (phase text, before jsonb, begun_at timestamp with time zone DEFAULT "
      "now()); "
      "CREATE TABLE {} (entity text, id uuid, value timestamp with time zone, PRIMARY KEY (entity, "
      "id))",
      Table("state"), Table("kept")));
  if (!made) return made;
  const auto kept = session_->Query(
      fmt::format("INSERT INTO {} (phase, before) VALUES ('running', $1::jsonb)", Table("state")),
      {before->dump()});
  if (!kept) return kept.error();
  return transaction->Commit();
}

Status UndoLog::Begin() {
  if (phase_ == Phase::kRunning) return Ok();
  if (Status removed = Remove(); !removed) return removed;
  if (Status made = Make(); !made) return made;
  if (Status created = Create(); !created) return created;
  phase_ = Phase::kRunning;
  return Ok();
}

Status UndoLog::SetPhase(Phase phase) {
  if (place_.empty() || phase_ == Phase::kNone) return Ok();
  phase_ = phase;
  return session_->Script(fmt::format("UPDATE {} SET phase = '{}'", Table("state"),
                                      kPhases[static_cast<size_t>(phase)]));
}

Result<Json> UndoLog::Before() {
  const auto text = session_->Scalar("SELECT before FROM " + Table("state"));
  if (!text) return text.error();
  return Json::parse(*text);
}

Status UndoLog::Remove() {
  if (place_.empty()) return Ok();
  std::string script = fmt::format("DROP TABLE {}; DROP TABLE {}", Table("state"), Table("kept"));
  const std::string own = session_->QuoteName(fmt::format("{}_{}", kName, session_->schema()));
  if (place_ == own + ".") script += "; DROP SCHEMA " + own;
  phase_ = Phase::kNone;
  place_.clear();
  return session_->Script(script);
}

}  // namespace silverback::store::postgres::migrations
