#include "store/postgres/migrations/backfill.h"

#include <fmt/format.h>

#include "util/json.h"
#include "util/string_util.h"

namespace silverback::store::postgres::migrations {

BackfillRun::BackfillRun(Session& session, const Backfill& backfill, Options options)
    : session_(session),
      backfill_(backfill),
      options_(std::move(options)),
      set_(ReplaceAll(backfill.set, "$(WORKSPACE)", options_.workspace)) {}

Result<bool> BackfillRun::IsLongerThan(int64_t limit) {
  return session_.True(
      fmt::format("SELECT count(*) > {0} FROM (SELECT 1 FROM {1} t WHERE {2} LIMIT {0} + 1) x",
                  limit, backfill_.table, backfill_.where));
}

Result<int64_t> BackfillRun::Count() {
  const auto text = session_.Scalar(
      fmt::format("SELECT count(*) FROM {} t WHERE {}", backfill_.table, backfill_.where));
  if (!text) return text.error();
  return static_cast<int64_t>(std::stoll(*text));
}

Result<std::vector<std::string>> BackfillRun::Remarks() {
  std::vector<std::string> lines;
  if (backfill_.spared.empty()) return lines;
  const auto rows = session_.Query(fmt::format("SELECT t.id, t.{} FROM {} t WHERE {} ORDER BY t.id",
                                               backfill_.from, backfill_.table, backfill_.spared));
  if (!rows) return rows.error();
  for (int i = 0; i < rows->size(); ++i) {
    lines.push_back(fmt::format("{} with the id '{}' keeps its {}, which Kong would lose: {}",
                                backfill_.spared_name, rows->Text(i, 0), backfill_.about,
                                rows->Text(i, 1)));
  }
  return lines;
}

std::string BackfillRun::Batch(std::string_view columns, int64_t limit) const {
  return fmt::format(
      "SELECT {} FROM {} t WHERE ({}) AND ($1 = '' OR t.id > nullif($1, '')::uuid) ORDER BY t.id "
      "LIMIT {} FOR UPDATE",
      columns, backfill_.table, backfill_.where, limit);
}

Result<Piece> BackfillRun::Next(const std::string& after, int64_t limit) {
  return backfill_.convert ? Convert(after, limit) : Change(after, limit);
}

Result<Piece> BackfillRun::Change(const std::string& after, int64_t limit) {
  const std::string keep_table = backfill_.keeps.empty() ? "" : options_.keep_table;
  std::string columns = "t.id", kept;
  if (!keep_table.empty()) {
    columns += ", t." + backfill_.keeps + " AS kept";
    kept = fmt::format(
        "k AS (INSERT INTO {} (entity, id, value) SELECT '{}', b.id, b.kept FROM b ON CONFLICT DO "
        "NOTHING), ",
        keep_table, backfill_.table);
  }
  const std::string change =
      backfill_.remove
          ? fmt::format("DELETE FROM {} t USING b WHERE t.id = b.id", backfill_.table)
          : fmt::format("UPDATE {} t SET {} FROM b WHERE t.id = b.id", backfill_.table, set_);
  const auto rows = session_.Query(
      fmt::format(
          "WITH b AS ({}), {}c AS ({} RETURNING 1) SELECT (SELECT count(*) FROM b), (SELECT "
          "b.id FROM b ORDER BY b.id DESC LIMIT 1), (SELECT count(*) FROM c)",
          Batch(columns, limit), kept, change),
      {after});
  if (!rows) return rows.error();
  return Piece{std::stoll(std::string(rows->Text(0, 0))), std::string(rows->Text(0, 1))};
}

Result<Piece> BackfillRun::Convert(const std::string& after, int64_t limit) {
  const auto rows = session_.Query(Batch("t.id, t." + backfill_.from, limit), {after});
  if (!rows) return rows.error();
  Json changes = Json::array();
  for (int i = 0; i < rows->size(); ++i) {
    auto converted = backfill_.convert(rows->Text(i, 0), rows->Text(i, 1));
    if (!converted) return converted.error();
    if (*converted) changes.push_back({{"id", rows->Text(i, 0)}, {"value", **converted}});
  }
  Piece piece{rows->size(), rows->size() ? std::string(rows->Text(rows->size() - 1, 0)) : ""};
  if (changes.empty()) return piece;
  const auto done = session_.Query(
      fmt::format(
          "UPDATE {0} t SET {1} = (c->>'value')::{2} FROM jsonb_array_elements($1::jsonb) c "
          "WHERE t.id = (c->>'id')::uuid AND t.{1} IS DISTINCT FROM (c->>'value')::{2}",
          backfill_.table, backfill_.to, backfill_.type),
      {changes.dump(-1, ' ', false, Json::error_handler_t::replace)});
  if (!done) return done.error();
  return piece;
}

Status BackfillRun::Rest(int64_t limit) {
  std::string after;
  while (true) {
    const auto piece = Next(after, limit);
    if (!piece) return piece.error();
    if (piece->last.empty() || piece->rows < limit) return Ok();
    after = piece->last;
  }
}

}  // namespace silverback::store::postgres::migrations
