#include "plugins/acme/client.h"

#include "plugins/acme/jws.h"
#include "util/string_util.h"

namespace silverback::plugins::acme {
namespace {

using plugin::HttpReply;
using plugin::HttpRequest;

constexpr int kTimeoutMs = 10000;
constexpr int kMostBadNonces = 5;

HttpRequest Request(const char* method, const std::string& url) {
  HttpRequest request;
  request.method = method;
  request.url = url;
  request.headers.emplace_back("User-Agent", "kong/2.8.5");
  request.timeout_ms = kTimeoutMs;
  request.verify_tls = true;
  return request;
}

std::string HeaderOf(const plugin::Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (EqualsIgnoreCase(key, name)) return value;
  }
  return "";
}

Error Refusal(int status, const Json& problem) {
  std::string why = StringMember(problem, "detail");
  if (why.empty()) why = StringMember(problem, "type");
  if (why.empty()) why = fmt::format("status code {}", status);
  return {ErrorCode::kInvalidInput, why};
}

Answer ToAnswer(HttpReply reply) {
  Answer answer;
  answer.headers = std::move(reply.headers);
  answer.body = std::move(reply.body);
  if (auto document = ParseJson(answer.body)) answer.document = *std::move(document);
  return answer;
}

}  // namespace

std::string Answer::Header(std::string_view name) const { return HeaderOf(headers, name); }

void Client::Get(const std::string& url, Done done) {
  env_.http.Send(Request("GET", url), [done = std::move(done)](HttpReply reply) {
    if (reply.error) return done(Error(ErrorCode::kIo, *reply.error));
    const int status = reply.status;
    Answer answer = ToAnswer(std::move(reply));
    if (status != 200) return done(Refusal(status, answer.document));
    done(std::move(answer));
  });
}

void Client::Post(std::string url, std::optional<Json> payload, Done done) {
  WithNonce({std::move(url), payload ? DumpJson(*payload) : "", std::move(done)});
}

void Client::WithNonce(Attempt attempt) {
  if (!nonce_.empty()) return Sign(std::move(attempt));
  env_.http.Send(Request("HEAD", nonce_url_), [self = shared_from_this(),
                                               attempt = std::move(attempt)](HttpReply reply) {
    if (reply.error)
      return attempt.done(Error(ErrorCode::kIo, "failed to fetch new nonce: " + *reply.error));
    self->nonce_ = HeaderOf(reply.headers, "replay-nonce");
    if (self->nonce_.empty())
      return attempt.done(Error(ErrorCode::kIo, "can't get new nonce from acme server"));
    self->Sign(attempt);
  });
}

// A signature takes milliseconds.
void Client::Sign(Attempt attempt) {
  auto body = std::make_shared<Result<std::string>>(std::string());
  Envelope envelope{attempt.url, std::exchange(nonce_, ""), account_};
  auto sign = [key = key_, envelope = std::move(envelope), payload = attempt.payload, body] {
    *body = SignRequest(*key, envelope, payload);
  };
  env_.background.Run(std::move(sign),
                      [self = shared_from_this(), attempt = std::move(attempt), body] {
                        if (!*body) return attempt.done(body->error());
                        self->Send(attempt, **body);
                      });
}

void Client::Send(Attempt attempt, std::string body) {
  HttpRequest request = Request("POST", attempt.url);
  request.headers.emplace_back("Content-Type", "application/jose+json");
  request.body = std::move(body);
  env_.http.Send(std::move(request),
                 [self = shared_from_this(), attempt = std::move(attempt)](HttpReply reply) {
                   self->Receive(attempt, std::move(reply));
                 });
}

void Client::Receive(Attempt attempt, HttpReply reply) {
  if (reply.error) return attempt.done(Error(ErrorCode::kIo, *reply.error));
  const int status = reply.status;
  Answer answer = ToAnswer(std::move(reply));
  nonce_ = answer.Header("replay-nonce");
  if (status < 400) return attempt.done(std::move(answer));
  const bool bad_nonce =
      StringMember(answer.document, "type") == "urn:ietf:params:acme:error:badNonce";
  if (bad_nonce && ++attempt.bad_nonces <= kMostBadNonces) return WithNonce(std::move(attempt));
  attempt.done(Refusal(status, answer.document));
}

}  // namespace silverback::plugins::acme
