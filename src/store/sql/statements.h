// Statements: the SQL of every operation of a Transaction, in one dialect, for one table. Texts are
// made once per table (pages once per shape), so that connections can cache what they prepare by
// text. Parameters are ?1, ?2 ... (SQLite) or $1, $2 ... (PostgreSQL).
//
// Ownership: refers to its Table's schema. Immutable after construction; any thread.
//
// What a store does with it (`now` is seconds since the epoch):
//   Insert        EncodeRow(row)
//   Update        EncodeRow(row), then the primary key: affects one row, or none when it is missing
//   Delete        primary key
//   Select        primary key, now (only when the table has ttl)
//   SelectBy      value, now (only with ttl); kExpired gives only rows that have expired
//   DeleteExpired now, limit; returns the primary keys of what it deleted
//   Page          see PageStatement
// Every SELECT returns the table's columns without cache_key, in the order of `selected()`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "store/sql/table.h"
#include "store/sql/value.h"
#include "store/store.h"

namespace silverback::store::sql {

struct PageStatement {
  std::string text;
  std::vector<Value> parameters;
  size_t limit = 0;  // rows asked for: one more than the page, to know whether more follow
};

class Statements {
 public:
  Statements(Dialect dialect, const schema::Schema& schema);
  Statements(const Statements&) = delete;
  Statements& operator=(const Statements&) = delete;

  const Table& table() const { return table_; }
  const std::vector<const Column*>& selected() const { return selected_; }

  const std::string& insert() const { return insert_; }
  const std::string& update() const { return update_; }
  const std::string& remove() const { return remove_; }
  const std::string& select() const { return select_; }
  const std::string& select_head() const { return select_head_; }        // SELECT ... FROM TABLE
  const std::string& delete_expired() const { return delete_expired_; }  // "" without ttl
  // `column`: the column's name (Table::FindMemberColumn).
  std::string SelectBy(const Column& column, Rows rows) const;
  PageStatement Page(const PageRequest& request, double now) const;

  // The row of one result: cells as `cell(i)` gives them for selected()[i] (a Json; null for NULL).
  template <class Cell>
  Json DecodeRow(const Cell& cell) const {
    Json row = Json::object();
    for (size_t i = 0; i < selected_.size(); ++i) row[selected_[i]->member()] = cell(i);
    return row;
  }

  // CREATE TABLE and CREATE INDEX statements, each idempotent. SQLite only: the tables of
  // PostgreSQL are made by its migrations.
  std::vector<std::string> CreateTable() const;

 private:
  std::string Parameter(size_t number) const;
  std::string Assigned(const Column& column, size_t number) const;
  std::string SelectList() const;
  std::string NotExpired(size_t number) const;
  std::string TagCondition(const PageRequest& request, PageStatement& page) const;

  Dialect dialect_;
  Table table_;
  std::vector<const Column*> selected_;
  std::string insert_, update_, remove_, select_, delete_expired_, select_head_;
};

}  // namespace silverback::store::sql
