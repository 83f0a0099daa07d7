#include "store/postgres/connection.h"

#include <fmt/format.h>
#include <poll.h>

#include <charconv>

#include "store/postgres/wait.h"
#include "util/string_util.h"

namespace silverback::store::postgres {
namespace {

// Page shapes differ by what clients ask for; an upper bound keeps the session from growing with
// it.
constexpr size_t kMaxStatements = 300;

// States that another attempt, here or at the server that takes over, may find different: classes
// 08 (connection), 53 (resources), 57 (operator), and the single ones.
bool IsPassing(std::string_view sqlstate) {
  if (sqlstate.size() != 5) return true;
  const std::string_view group = sqlstate.substr(0, 2);
  return group == "08" || group == "53" || group == "57" || group == "58" || sqlstate == "25006" ||
         sqlstate == "40001" || sqlstate == "40P01" || sqlstate == "55P03" || sqlstate == "26000";
}

// After these the session is of no more use: the server goes, takes no writes, or has forgotten
// (or, behind a pooler, never had) what was prepared.
bool EndsSession(std::string_view sqlstate) {
  return sqlstate == "57P01" || sqlstate == "57P02" || sqlstate == "57P03" || sqlstate == "25006" ||
         sqlstate == "26000" || sqlstate == "42P05" || sqlstate == "0A000";
}

std::string Field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text ? text : "";
}

// The parameters of a statement as libpq takes them. Views of the values' texts.
struct Parameters {
  std::vector<std::string> texts;
  std::vector<const char*> pointers;
  bool valid = true;  // no zero byte, which PostgreSQL's texts cannot hold

  explicit Parameters(const Connection::Values& values) : texts(values.size()) {
    pointers.reserve(values.size());
    for (size_t i = 0; i < values.size(); ++i) {
      const sql::Value& value = values[i];
      if (value.type == sql::Value::Type::kNull) {
        pointers.push_back(nullptr);
        continue;
      }
      const bool is_text = value.type == sql::Value::Type::kText;
      if (!is_text) texts[i] = value.ToText();
      const std::string& text = is_text ? value.text : texts[i];
      valid = valid && text.find('\0') == std::string::npos;
      pointers.push_back(text.c_str());
    }
  }
};

}  // namespace

size_t Answer::affected() const {
  const std::string_view text = PQcmdTuples(result_.get());
  size_t count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  return count;
}

Connection::~Connection() { PQfinish(connection_); }

bool Connection::broken() const { return broken_ || PQstatus(connection_) == CONNECTION_BAD; }

std::string Connection::QuoteName(const std::string& name) const {
  return "\"" + ReplaceAll(name, "\"", "\"\"") + "\"";
}

std::string Connection::QuoteText(const std::string& text) const {
  return "'" + ReplaceAll(text, "'", "''") + "'";
}

Error Connection::Lost(std::string_view what) {
  broken_ = true;
  const std::string message(Trim(PQerrorMessage(connection_)));
  return Error(ErrorCode::kUnavailable, message.empty() ? std::string(what) : message);
}

Error Connection::Failed(const PGresult* result) {
  const std::string state = Field(result, PG_DIAG_SQLSTATE);
  if (EndsSession(state) || PQstatus(connection_) == CONNECTION_BAD) broken_ = true;
  if (state.empty()) return Lost("connection lost");
  std::string message =
      Field(result, PG_DIAG_SEVERITY) + ": " + Field(result, PG_DIAG_MESSAGE_PRIMARY);
  if (std::string detail = Field(result, PG_DIAG_MESSAGE_DETAIL); !detail.empty()) {
    message += "\n" + detail;
  }
  return Error(IsPassing(state) ? ErrorCode::kUnavailable : ErrorCode::kDatabaseError,
               std::move(message),
               Json{{"sqlstate", state},
                    {"constraint", Field(result, PG_DIAG_CONSTRAINT_NAME)},
                    {"table", Field(result, PG_DIAG_TABLE_NAME)}});
}

Status Connection::Wait(short events) {
  pollfd socket{PQsocket(connection_), events, 0};
  if (Poll(&socket, 1, EndAfter(timeout_ms_))) return Ok();
  broken_ = true;
  return Error(ErrorCode::kUnavailable, "timeout");
}

Status Connection::Flush() {
  for (;;) {
    const int left = PQflush(connection_);
    if (left == 0) return Ok();
    if (left < 0) return Lost("connection lost");
    // The server may have to be rid of its answers before it takes more.
    if (Status ready = Wait(POLLIN | POLLOUT); !ready) return ready;
    if (!PQconsumeInput(connection_)) return Lost("connection lost");
  }
}

Result<PGresult*> Connection::Next() {
  while (PQisBusy(connection_)) {
    if (Status ready = Wait(POLLIN); !ready) return ready.error();
    if (!PQconsumeInput(connection_)) return Lost("connection lost");
  }
  return PQgetResult(connection_);
}

Status Connection::TakeInAnswer() {
  if (broken()) return Lost("connection lost");
  if (!answer_due_) return Ok();
  answer_due_ = false;
  for (;;) {
    auto result = Next();
    if (!result) return result.error();
    if (!*result) return Ok();
    const Answer answer(*result);
    if (PQstatus(connection_) == CONNECTION_BAD) return Lost("connection lost");
  }
}

void Connection::Queue(std::string text, Values values) {
  queued_.push_back({std::move(text), std::move(values)});
}

void Connection::Send(const char* text) {
  if (!TakeInAnswer()) return;
  queued_.clear();
  if (!PQsendQuery(connection_, text) || PQflush(connection_) < 0) {
    broken_ = true;
    return;
  }
  answer_due_ = true;
}

Status Connection::SendOne(const Statement& statement, bool& prepares) {
  const auto found = prepared_.find(statement.text);
  prepares = found == prepared_.end();
  const std::string name = prepares ? "s" + std::to_string(next_name_++) : found->second;
  if (prepares) {
    if (!PQsendPrepare(connection_, name.c_str(), statement.text.c_str(), 0, nullptr)) {
      return Lost("cannot send");
    }
    prepared_.emplace(statement.text, name);
    fresh_.push_back(statement.text);
  }
  const Parameters parameters(statement.values);
  if (!PQsendQueryPrepared(connection_, name.c_str(), static_cast<int>(statement.values.size()),
                           parameters.pointers.data(), nullptr, nullptr, 0)) {
    return Lost("cannot send");
  }
  return Ok();
}

Status Connection::SendAll(std::vector<Statement>& statements, std::vector<bool>& prepares) {
  if (!PQenterPipelineMode(connection_)) return Lost("cannot send");
  for (const Statement& statement : statements) {
    bool prepares_one = false;
    if (Status sent = SendOne(statement, prepares_one); !sent) return sent;
    if (prepares_one) prepares.push_back(true);
    prepares.push_back(false);
  }
  if (!PQpipelineSync(connection_)) return Lost("cannot send");
  return Flush();
}

Result<Answer> Connection::ReadAll(const std::vector<bool>& prepares) {
  std::optional<Error> failure;
  std::optional<Answer> last;
  size_t prepared = 0;
  for (const bool is_preparation : prepares) {
    auto result = Next();
    if (!result) return result.error();
    if (!*result) return Lost("connection lost");
    Answer answer(*result);
    const ExecStatusType status = PQresultStatus(*result);
    const bool good = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    if (!good && !failure && status != PGRES_PIPELINE_ABORTED) failure = Failed(*result);
    if (is_preparation && !good) prepared_.erase(fresh_[prepared]);
    prepared += is_preparation;
    if (PQstatus(connection_) == CONNECTION_BAD)
      return failure ? *failure : Lost("connection lost");
    last = std::move(answer);
    auto end = Next();
    if (!end) return end.error();
    if (*end) PQclear(*end);
  }
  auto sync = Next();
  if (!sync) return sync.error();
  if (*sync) PQclear(*sync);
  if (!PQexitPipelineMode(connection_)) return Lost("connection lost");
  if (failure) return *failure;
  return *std::move(last);
}

Result<Answer> Connection::Query(const std::string& text, const Values& values) {
  if (Status ready = TakeInAnswer(); !ready) return ready.error();
  queued_.push_back({text, values});
  std::vector<Statement> statements = std::exchange(queued_, {});
  for (const Statement& statement : statements) {
    if (!Parameters(statement.values).valid) {
      return Error(ErrorCode::kDatabaseError,
                   "ERROR: invalid byte sequence for encoding \"UTF8\": 0x00");
    }
  }
  if (prepared_.size() >= kMaxStatements) {
    if (Status done = Script("DEALLOCATE ALL"); !done) return done.error();
    prepared_.clear();
  }
  fresh_.clear();
  std::vector<bool> prepares;
  if (Status sent = SendAll(statements, prepares); !sent) return sent.error();
  return ReadAll(prepares);
}

Status Connection::LastProblem() {
  std::optional<Error> failure;
  for (;;) {
    auto result = Next();
    if (!result) return result.error();
    if (!*result) break;
    const Answer answer(*result);
    if (PQresultStatus(*result) == PGRES_FATAL_ERROR && !failure) failure = Failed(*result);
    if (PQstatus(connection_) == CONNECTION_BAD) break;
  }
  return failure ? Status(*failure) : Ok();
}

Status Connection::Script(const std::string& text) {
  if (Status ready = TakeInAnswer(); !ready) return ready;
  if (!PQsendQuery(connection_, text.c_str())) return Lost("cannot send");
  if (Status sent = Flush(); !sent) return sent;
  return LastProblem();
}

Status Connection::CopyOut(const std::string& text,
                           const std::function<Status(std::string_view)>& line) {
  if (!queued_.empty()) {
    auto begun = Query("SELECT 1");
    if (!begun) return begun.error();
  }
  if (Status ready = TakeInAnswer(); !ready) return ready;
  if (!PQsendQuery(connection_, text.c_str())) return Lost("cannot send");
  if (Status sent = Flush(); !sent) return sent;
  auto start = Next();
  if (!start) return start.error();
  {
    const Answer answer(*start);
    if (PQresultStatus(*start) != PGRES_COPY_OUT) {
      const Error failure = Failed(*start);
      (void)LastProblem();
      return failure;
    }
  }
  for (;;) {
    char* row = nullptr;
    const int size = PQgetCopyData(connection_, &row, 1);
    if (size == -1) return LastProblem();
    if (size == -2) return Lost("connection lost");
    if (size == 0) {
      if (Status ready = Wait(POLLIN); !ready) return ready;
      if (!PQconsumeInput(connection_)) return Lost("connection lost");
      continue;
    }
    const std::unique_ptr<char, decltype(&PQfreemem)> owner(row, &PQfreemem);
    if (Status done = line({row, static_cast<size_t>(size) - 1}); !done) {
      broken_ = true;  // the rest of the rows is still on its way
      return done;
    }
  }
}

Result<std::vector<Notice>> Connection::WaitForNotices(std::chrono::milliseconds at_most,
                                                       const std::function<bool()>& give_up) {
  constexpr std::chrono::milliseconds kAskEvery{50};
  if (Status ready = TakeInAnswer(); !ready) return ready.error();
  const WaitClock::time_point end = WaitClock::now() + at_most;
  std::vector<Notice> notices;
  for (;;) {
    if (!PQconsumeInput(connection_)) return Lost("connection lost");
    while (PGnotify* notify = PQnotifies(connection_)) {
      notices.push_back({notify->relname, notify->extra});
      PQfreemem(notify);
    }
    const auto now = WaitClock::now();
    if (!notices.empty() || now >= end || give_up()) return notices;
    pollfd socket{PQsocket(connection_), POLLIN, 0};
    (void)Poll(&socket, 1, std::min<WaitClock::time_point>(end, now + kAskEvery));
  }
}

}  // namespace silverback::store::postgres
