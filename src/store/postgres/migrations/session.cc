#include "store/postgres/migrations/session.h"

#include "util/json.h"

namespace silverback::store::postgres::migrations {
namespace {

constexpr int kChecksClientSince = 140000;

}  // namespace

Result<std::unique_ptr<Session>> Session::Open(const Options& options) {
  auto connection = Connection::Open(options);
  if (!connection) return connection.error();
  auto session = std::unique_ptr<Session>(new Session(*std::move(connection)));
  if (Status done = session->SetUp(options); !done) return done.error();
  return session;
}

Status Session::SetUp(const Options& options) {
  connection_->set_timeout(0);
  std::string setup = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0";
  // What a killed process left running ends by itself where the server can tell.
  if (server_version() >= kChecksClientSince) {
    setup += "; SET client_connection_check_interval = 1000";
  }
  if (Status done = Script(setup); !done) return done;
  schema_ = options.schema;
  if (!schema_.empty()) return Ok();
  auto schema = Scalar("SELECT current_schema()");
  if (!schema) return schema.error();
  schema_ = schema->empty() ? "public" : *schema;
  return Ok();
}

Result<Answer> Session::Query(const std::string& sql, const std::vector<std::string>& values) {
  Connection::Values parameters;
  for (const std::string& value : values) parameters.push_back(sql::Value::Text(value));
  return connection_->Query(sql, parameters);
}

Result<std::string> Session::Scalar(const std::string& sql,
                                    const std::vector<std::string>& values) {
  const auto answer = Query(sql, values);
  if (!answer) return answer.error();
  return answer->size() ? std::string(answer->Text(0, 0)) : std::string();
}

Result<bool> Session::True(const std::string& sql, const std::vector<std::string>& values) {
  const auto text = Scalar(sql, values);
  if (!text) return text.error();
  return *text == "t";
}

Result<Transaction> Transaction::Begin(Session& session) {
  if (Status begun = session.Script("BEGIN"); !begun) return begun.error();
  return Transaction(&session);
}

Transaction::~Transaction() {
  if (session_ && session_->in_transaction()) (void)session_->Script("ROLLBACK");
}

Status Transaction::Commit() {
  Session* session = session_;
  session_ = nullptr;
  return session->Script("COMMIT");
}

std::string SqlState(const Error& error) { return StringMember(error.fields(), "sqlstate"); }

}  // namespace silverback::store::postgres::migrations
