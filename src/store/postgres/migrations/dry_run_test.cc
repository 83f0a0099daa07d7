#include "store/postgres/migrations/dry_run.h"

#include <gtest/gtest.h>

namespace silverback::store::postgres::migrations {
namespace {

std::string Locks(std::string_view sql) {
  std::string text;
  for (const TableLock& lock : LocksOf(sql)) text += lock.mode + " " + lock.table + ";";
  return text;
}

TEST(LocksOf, NamesWhatAStatementLocks) {
  EXPECT_EQ(Locks("ALTER TABLE routes ADD COLUMN IF NOT EXISTS a text"),
            "ACCESS EXCLUSIVE routes;");
  EXPECT_EQ(Locks("ALTER TABLE upstreams ADD COLUMN c uuid REFERENCES certificates (id)"),
            "ACCESS EXCLUSIVE upstreams;SHARE ROW EXCLUSIVE certificates;");
  EXPECT_EQ(Locks("CREATE INDEX IF NOT EXISTS i ON keys USING gin (tags)"), "SHARE keys;");
  EXPECT_EQ(Locks("DROP INDEX IF EXISTS i"), "ACCESS EXCLUSIVE the table of i;");
  EXPECT_EQ(Locks("DROP TABLE IF EXISTS cluster_ca"), "ACCESS EXCLUSIVE cluster_ca;");
  EXPECT_EQ(Locks("CREATE TRIGGER t AFTER INSERT\n  ON acls FOR EACH ROW EXECUTE PROCEDURE f()"),
            "SHARE ROW EXCLUSIVE acls;");
  EXPECT_EQ(Locks("INSERT INTO workspaces (id) VALUES ('1')"), "ROW EXCLUSIVE workspaces;");
  EXPECT_EQ(Locks("CREATE TABLE IF NOT EXISTS t (id uuid REFERENCES consumers (id))"),
            "SHARE ROW EXCLUSIVE consumers;");
  EXPECT_EQ(Locks("CREATE OR REPLACE FUNCTION f() RETURNS trigger"), "");
}

}  // namespace
}  // namespace silverback::store::postgres::migrations
