#include "plugins/acme/order.h"

#include <algorithm>

#include "plugins/acme/certificates.h"
#include "plugins/acme/jws.h"
#include "util/crypto.h"
#include "util/string_util.h"

namespace silverback::plugins::acme {
namespace {

constexpr int kChallengeTtl = 3600;
// Between looks at an order that is not done yet.
constexpr double kWaits[] = {0.25, 0.5, 1, 1, 2, 3, 5, 8, 13, 21};
constexpr double kLongestWait = 30;
// A timer that fires that much too early fires because the worker ends.
constexpr double kTooEarly = 0.2;
constexpr char kZeroSslAccounts[] = "https://api.zerossl.com/acme/eab-credentials-email";

std::vector<std::string> Texts(const Json& object, std::string_view name) {
  std::vector<std::string> texts;
  const Json* list = FindMember(object, name);
  if (list == nullptr || !list->is_array()) return texts;
  for (const Json& each : *list) {
    if (each.is_string()) texts.push_back(each.get<std::string>());
  }
  return texts;
}

const Json& ListIn(const Json& object, std::string_view name) {
  static const Json kNone = Json::array();
  const Json* list = FindMember(object, name);
  return list != nullptr && list->is_array() ? *list : kNone;
}

// The URLs of Link headers that lead to other chains of the same certificate.
std::vector<std::string> AlternateLinks(const plugin::Headers& headers) {
  std::vector<std::string> links;
  for (const auto& [name, value] : headers) {
    if (!EqualsIgnoreCase(name, "link")) continue;
    for (size_t at = value.find('<'); at != value.npos; at = value.find('<', at + 1)) {
      const size_t end = value.find('>', at);
      if (end == value.npos) break;
      const std::string parameters = value.substr(end + 1, value.find('<', end) - end - 1);
      if (parameters.find("rel=\"alternate\"") != parameters.npos)
        links.push_back(value.substr(at + 1, end - at - 1));
    }
  }
  return links;
}

// "http-01: invalid: the reason", of each challenge of an authorization.
std::string Reasons(const Json& authorization) {
  std::vector<std::string> reasons;
  for (const Json& challenge : ListIn(authorization, "challenges")) {
    std::string reason = StringMember(challenge, "type") + ": " + StringMember(challenge, "status");
    const Json* error = FindMember(challenge, "error");
    const std::string detail = error != nullptr ? StringMember(*error, "detail") : "";
    if (!detail.empty()) reason += ": " + detail;
    reasons.push_back(std::move(reason));
  }
  return Join(reasons, "; ");
}

// Which of its pending challenges we can answer; null: none.
const Json* AnswerableIn(const Json& authorization) {
  for (const Json& challenge : ListIn(authorization, "challenges")) {
    if (StringMember(challenge, "type") == "http-01" &&
        StringMember(challenge, "status") == "pending")
      return &challenge;
  }
  return nullptr;
}

// Older configurations name the server without the last part of the path.
std::string DirectoryUrl(std::string url) {
  if (url.ends_with("/directory")) return url;
  if (!url.ends_with('/')) url += '/';
  return url + "directory";
}

}  // namespace

std::string ChallengeKey(std::string_view token) { return std::string(token) + "#http-01"; }

Order::Order(Setup setup, Done done)
    : setup_(std::move(setup)),
      done_(std::move(done)),
      client_(std::make_shared<Client>(setup_.env, setup_.account_key)),
      account_name_(setup_.authority.account_name),
      account_secret_(setup_.authority.account_secret) {}

void Order::Start(Setup setup, Done done) {
  std::make_shared<Order>(std::move(setup), std::move(done))->ReadDirectory();
}

void Order::Post(const std::string& url, std::optional<Json> payload, const char* what, Step step) {
  client_->Post(url, std::move(payload),
                [self = shared_from_this(), what, step](Result<Answer> answer) {
                  if (!answer) return self->Fail(what + (": " + answer.error().message()));
                  ((*self).*step)(*std::move(answer));
                });
}

void Order::Pause(double seconds, std::function<void()> next) {
  const double due = setup_.env.now() + seconds;
  timer_ = setup_.env.timers.After(
      static_cast<int>(seconds * 1000), [self = shared_from_this(), due, next = std::move(next)] {
        if (due - self->setup_.env.now() > kTooEarly)
          return self->Fail("the worker ends", ErrorCode::kUnavailable);
        next();
      });
}

void Order::Fail(const std::string& message, ErrorCode code) { End(Error(code, message)); }

void Order::End(Result<std::string> result) {
  if (!done_) return;
  timer_.reset();
  for (const std::string& token : tokens_)
    setup_.storage->Remove(ChallengeKey(token), [](const Status&) {});
  std::exchange(done_, nullptr)(std::move(result));
}

void Order::ReadDirectory() {
  const std::string url = DirectoryUrl(setup_.authority.directory);
  client_->Get(url, [self = shared_from_this()](Result<Answer> answer) {
    if (!answer) return self->Fail("acme directory request failed: " + answer.error().message());
    self->directory_ = std::move(answer->document);
    for (const char* needed : {"newNonce", "newAccount", "newOrder", "revokeCert"}) {
      if (StringMember(self->directory_, needed).empty()) {
        return self->Fail(
            "acme directory endpoint is missing at least one of newNonce, newAccount, newOrder or "
            "revokeCert endpoint");
      }
    }
    self->client_->set_nonce_url(StringMember(self->directory_, "newNonce"));
    const Json* meta = FindMember(self->directory_, "meta");
    const bool must_bind = meta != nullptr && BoolMember(*meta, "externalAccountRequired");
    const bool known = !self->account_name_.empty() && !self->account_secret_.empty();
    if (!must_bind) self->account_name_.clear();
    if (!must_bind || known) return self->Register();
    if (StringMember(*meta, "website").find("//zerossl.com") != std::string::npos)
      return self->RegisterByEmail();
    self->Fail(
        "CA requires external account binding, either define a eab_handler to automatically "
        "register account, or define eab_kid and eab_hmac_key for existing account");
  });
}

// ZeroSSL gives an account to everybody with an address.
void Order::RegisterByEmail() {
  plugin::HttpRequest request;
  request.method = "POST";
  request.url = kZeroSslAccounts;
  request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
  request.body = "email=" + PercentEncode(setup_.authority.email);
  request.verify_tls = true;
  setup_.env.http.Send(
      std::move(request), [self = shared_from_this()](const plugin::HttpReply& reply) {
        if (reply.error) return self->Fail("failed to create account: " + *reply.error);
        const auto given = ParseJson(reply.body);
        self->account_name_ = given ? StringMember(*given, "eab_kid") : "";
        self->account_secret_ = given ? StringMember(*given, "eab_hmac_key") : "";
        if (self->account_name_.empty() || self->account_secret_.empty())
          return self->Fail("zerossl.com API response missing eab_kid or eab_hmac_key");
        self->Register();
      });
}

// Gives the account that there is when the server knows the key already.
void Order::Register() {
  const std::string url = StringMember(directory_, "newAccount");
  Json payload = {{"termsOfServiceAgreed", true},
                  {"contact", Json::array({"mailto:" + setup_.authority.email})}};
  if (!account_name_.empty()) {
    auto bound = BindAccount(client_->key(), url, account_name_, account_secret_);
    if (!bound) return Fail("failed to create account: " + bound.error().message());
    payload["externalAccountBinding"] = *std::move(bound);
  }
  Post(url, std::move(payload), "failed to create account", &Order::PlaceOrder);
}

void Order::PlaceOrder(Answer account) {
  client_->set_account(account.Header("location"));
  Json payload;
  payload["identifiers"] = Json::array({Json{{"type", "dns"}, {"value", setup_.host}}});
  Post(StringMember(directory_, "newOrder"), payload, "failed to create new order",
       &Order::TakeOrder);
}

void Order::TakeOrder(Answer order) {
  order_url_ = order.Header("location");
  finalize_url_ = StringMember(order.document, "finalize");
  authorizations_ = Texts(order.document, "authorizations");
  if (order_url_.empty() || finalize_url_.empty())
    return Fail("failed to create new order: the answer has no order");
  NextAuthorization();
}

void Order::NextAuthorization() {
  if (next_authorization_ < authorizations_.size()) {
    const std::string& url = authorizations_[next_authorization_++];
    return Post(url, std::nullopt, "failed to fetch authz", &Order::TakeAuthorization);
  }
  if (tokens_.empty() && !was_valid_)
    return Fail("no challenge is registered and no challenge is valid");
  Wait({});
}

void Order::TakeAuthorization(Answer authorization) {
  if (StringMember(authorization.document, "status") == "valid") {
    was_valid_ = true;
    return NextAuthorization();
  }
  const Json* challenge = AnswerableIn(authorization.document);
  if (challenge == nullptr) return NextAuthorization();
  Publish(*challenge);
}

void Order::Publish(const Json& challenge) {
  const std::string token = StringMember(challenge, "token");
  tokens_.push_back(token);
  setup_.storage->Set(
      ChallengeKey(token), token + "." + client_->key().thumbprint(), kChallengeTtl,
      [self = shared_from_this(), url = StringMember(challenge, "url")](const Status& stored) {
        if (!stored) return self->Fail("error registering challenge: " + stored.error().message());
        // The nodes that the authority asks must have heard of it.
        const double wait = self->setup_.env.propagation_seconds;
        if (wait == 0) return self->Announce(url);
        self->Pause(wait, [self, url] { self->Announce(url); });
      });
}

void Order::Announce(const std::string& url) {
  client_->Post(url, Json::object(), [self = shared_from_this()](const Result<Answer>& answer) {
    if (!answer) return self->Fail("error start challenge check: " + answer.error().message());
    self->NextAuthorization();
  });
}

void Order::Wait(const Answer& last) {
  if (polls_ == std::size(kWaits)) {
    return Fail(fmt::format("error checking {}: failed to wait for order status, got {}",
                            finalized_ ? "finalize" : "challenge",
                            StringMember(last.document, "status", "nil")));
  }
  // What a server asks for may be no number.
  const double asked = std::atof(last.Header("retry-after").c_str());
  const double least = kWaits[polls_++];
  const double seconds = asked > least ? std::min(asked, kLongestWait) : least;
  Pause(seconds, [this] {
    Post(order_url_, std::nullopt, "could not get order status", &Order::TakeStatus);
  });
}

void Order::TakeStatus(Answer order) {
  const std::string status = StringMember(order.document, "status");
  if (status == "invalid") return ExplainInvalid(authorizations_, "");
  if (status == "valid" && finalized_) return Download(order.document);
  if (status == "ready" && !finalized_) return Finalize();
  Wait(order);
}

void Order::ExplainInvalid(std::vector<std::string> urls, std::string reasons) {
  if (urls.empty()) {
    return Fail(fmt::format("error checking {}: challenge invalid: {}",
                            finalized_ ? "finalize" : "challenge", reasons));
  }
  const std::string url = urls.back();
  urls.pop_back();
  client_->Post(url, std::nullopt,
                [self = shared_from_this(), urls, reasons](const Result<Answer>& answer) {
                  const std::string more = answer ? Reasons(answer->document) : "";
                  const bool both = !more.empty() && !reasons.empty();
                  self->ExplainInvalid(urls, reasons + (both ? "; " : "") + more);
                });
}

void Order::Finalize() {
  auto request = std::make_shared<Result<std::string>>(std::string());
  setup_.env.background.Run(
      [request, key = setup_.key, host = setup_.host] { *request = SigningRequest(key, host); },
      [self = shared_from_this(), request] {
        if (!*request) return self->Fail(request->error().message());
        self->SendRequest(**request);
      });
}

void Order::SendRequest(const std::string& request) {
  finalized_ = true;
  polls_ = 0;
  Post(finalize_url_, Json{{"csr", Base64UrlEncode(request)}}, "failed to send finalize request",
       &Order::TakeStatus);
}

void Order::Download(const Json& order) {
  const std::string url = StringMember(order, "certificate");
  if (url.empty()) return Fail("no certificate object returned " + StringMember(order, "detail"));
  Post(url, std::nullopt, "failed to fetch certificate", &Order::TakeChain);
}

void Order::TakeChain(Answer chain) {
  if (!FactsOf(chain.body)) return Fail("failed to fetch certificate: the answer has none");
  chain_ = std::move(chain.body);
  const std::string& wanted = setup_.authority.preferred_chain;
  if (wanted.empty() || RootIssuer(chain_) == wanted) return End(chain_);
  TryAlternates(AlternateLinks(chain.headers));
}

// One after the other; when none fits the default chain does.
void Order::TryAlternates(std::vector<std::string> links) {
  if (links.empty()) {
    setup_.env.log.Log(plugin::LogLevel::kWarn,
                       "[acme] no chain of " + setup_.host + " has the issuer \"" +
                           setup_.authority.preferred_chain + "\": the default one is used");
    return End(chain_);
  }
  const std::string url = links.front();
  links.erase(links.begin());
  client_->Post(url, std::nullopt,
                [self = shared_from_this(), links](const Result<Answer>& answer) {
                  if (answer && FactsOf(answer->body) &&
                      RootIssuer(answer->body) == self->setup_.authority.preferred_chain)
                    return self->End(answer->body);
                  self->TryAlternates(links);
                });
}

}  // namespace silverback::plugins::acme
