// Session: a Connection as migrations use it: texts as parameters, single values, transactions that
// are rolled back when they are left without Commit, and no time limit but that of connecting, as a
// migration may take long.
//
// Errors and threads as Connection.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "store/postgres/connection.h"
#include "util/result.h"

namespace silverback::store::postgres::migrations {

class Session {
 public:
  static Result<std::unique_ptr<Session>> Open(const Options& options);

  // Any number of statements, without parameters.
  Status Script(const std::string& sql) { return connection_->Script(sql); }
  Result<Answer> Query(const std::string& sql, const std::vector<std::string>& values = {});
  // The first column of the first row; "" when there is none or it is NULL.
  Result<std::string> Scalar(const std::string& sql, const std::vector<std::string>& values = {});
  Result<bool> True(const std::string& sql, const std::vector<std::string>& values = {});

  bool in_transaction() const { return connection_->in_transaction(); }
  bool broken() const { return connection_->broken(); }
  int server_version() const { return connection_->server_version(); }
  const std::string& schema() const { return schema_; }  // the gateway's, never empty
  std::string QuoteName(const std::string& name) const { return connection_->QuoteName(name); }
  std::string QuoteText(const std::string& text) const { return connection_->QuoteText(text); }

 private:
  explicit Session(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
  Status SetUp(const Options& options);

  const std::unique_ptr<Connection> connection_;
  std::string schema_;
};

// BEGIN ... COMMIT; rolled back when left without Commit.
class Transaction {
 public:
  static Result<Transaction> Begin(Session& session);
  Transaction(Transaction&& other) noexcept : session_(other.session_) { other.session_ = nullptr; }
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  Status Commit();

 private:
  explicit Transaction(Session* session) : session_(session) {}
  Session* session_;
};

std::string SqlState(const Error& error);  // "" when it does not come from the server

}  // namespace silverback::store::postgres::migrations
