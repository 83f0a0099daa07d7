// Connection: one session with a PostgreSQL server over libpq: prepared statements, several
// statements in one round trip, notifications, rows by COPY, and a time limit on every wait.
// Private to store/postgres.
//
// Errors: kUnavailable when the session is gone, the server refuses or does not answer in time, or
// what it said may be different soon (it is shutting down, read-only, a deadlock); kDatabaseError
// otherwise. fields() has what the server told: "sqlstate", "constraint", "table".
//
// Threads: one at a time.
#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "store/postgres/options.h"
#include "store/sql/value.h"
#include "util/result.h"

namespace silverback::store::postgres {

// What one statement gave.
class Answer {
 public:
  explicit Answer(PGresult* result) : result_(result, &PQclear) {}

  int size() const { return PQntuples(result_.get()); }
  bool IsNull(int row, int column) const { return PQgetisnull(result_.get(), row, column) != 0; }
  std::string_view Text(int row, int column) const {
    return {PQgetvalue(result_.get(), row, column),
            static_cast<size_t>(PQgetlength(result_.get(), row, column))};
  }
  // How many rows an INSERT, UPDATE or DELETE touched.
  size_t affected() const;

 private:
  std::unique_ptr<PGresult, decltype(&PQclear)> result_;
};

struct Notice {
  std::string channel, payload;
};

class Connection {
 public:
  using Values = std::vector<sql::Value>;

  static Result<std::unique_ptr<Connection>> Open(const Options& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Runs what was queued and then this statement, in one round trip. The first error is given; the
  // statements behind it did not run.
  Result<Answer> Query(const std::string& text, const Values& values = {});
  // Keeps a statement for the next Query; its rows are dropped.
  void Queue(std::string text, Values values = {});
  void DropQueued() { queued_.clear(); }
  // Sends a statement without waiting for the answer, which the next call takes in.
  void Send(const char* text);
  // Any number of statements without parameters or results, separated by semicolons.
  Status Script(const std::string& text);

  // COPY (...) TO STDOUT in the text format: `line` is called with each row without its line end.
  Status CopyOut(const std::string& text, const std::function<Status(std::string_view)>& line);

  // What LISTEN brought. Waits for it until `at_most` is over or `give_up`, asked now and then,
  // says so.
  Result<std::vector<Notice>> WaitForNotices(std::chrono::milliseconds at_most,
                                             const std::function<bool()>& give_up);

  // For ever when 0.
  void set_timeout(int timeout_ms) { timeout_ms_ = timeout_ms; }
  // The session is lost or in an unknown state: it must not be used again.
  bool broken() const;
  bool in_transaction() const { return PQtransactionStatus(connection_) != PQTRANS_IDLE; }
  int server_version() const { return PQserverVersion(connection_); }  // 150004 is 15.4
  std::string QuoteName(const std::string& name) const;
  std::string QuoteText(const std::string& text) const;

 private:
  struct Statement {
    std::string text;
    Values values;
  };
  explicit Connection(PGconn* connection, int timeout_ms)
      : connection_(connection), timeout_ms_(timeout_ms) {}

  Status FinishConnecting(std::chrono::steady_clock::time_point end);
  Status SetUp(const Options& options);
  Status TakeInAnswer();
  Status SendAll(std::vector<Statement>& statements, std::vector<bool>& prepares);
  Status SendOne(const Statement& statement, bool& prepares);
  Result<Answer> ReadAll(const std::vector<bool>& prepares);
  Status Flush();
  Status Wait(short events);
  // The next result; nullptr at the end of a statement.
  Result<PGresult*> Next();
  Error Lost(std::string_view what);
  Error Failed(const PGresult* result);
  Status LastProblem();

  PGconn* const connection_;
  int timeout_ms_;
  bool broken_ = false;
  bool answer_due_ = false;  // of Send
  size_t next_name_ = 0;
  std::vector<Statement> queued_;
  std::unordered_map<std::string, std::string> prepared_;  // text -> name
  std::vector<std::string> fresh_;                         // texts whose preparation is under way
};

}  // namespace silverback::store::postgres
