#include "plugin/answers.h"

namespace silverback::plugin {

Next Refuse(Exchange& exchange, int status, std::string_view message, Headers headers) {
  LocalResponse answer;
  answer.status = status;
  answer.message = message;
  answer.headers = std::move(headers);
  exchange.Respond(std::move(answer));
  return Next::kRespond;
}

Next RespondJson(Exchange& exchange, int status, std::string_view message, Headers headers) {
  LocalResponse answer;
  answer.status = status;
  answer.headers = std::move(headers);
  answer.headers.emplace_back("Content-Type", "application/json; charset=utf-8");
  answer.body = DumpJson(Json{{"message", std::string(message)}});
  answer.raw_body = true;
  exchange.Respond(std::move(answer));
  return Next::kRespond;
}

Next RespondDocument(Exchange& exchange, int status, const Json& document) {
  LocalResponse answer;
  answer.status = status;
  answer.headers.emplace_back("Content-Type", "application/json; charset=utf-8");
  answer.body = DumpJson(document);
  answer.raw_body = true;
  exchange.Respond(std::move(answer));
  return Next::kRespond;
}

Next RespondRaw(Exchange& exchange, int status, std::string body, Headers headers) {
  LocalResponse answer;
  answer.status = status;
  answer.raw_body = true;
  answer.body = std::move(body);
  answer.headers = std::move(headers);
  exchange.Respond(std::move(answer));
  return Next::kRespond;
}

}  // namespace silverback::plugin
