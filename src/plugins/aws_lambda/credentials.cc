#include "plugins/aws_lambda/credentials.h"

#include <ctime>

#include "util/json.h"
#include "util/string_util.h"

namespace silverback::plugins::aws {
namespace {

constexpr char kEcs[] = "http://169.254.170.2";
constexpr char kEc2[] = "http://169.254.169.254/latest/meta-data/iam/security-credentials/";
constexpr int kTimeoutMs = 5000;
constexpr double kBeforeEnd = 60;  // seconds before they expire, keys are not used any more

Error Unavailable(const std::string& why) {
  return {ErrorCode::kUnavailable, "no credentials of a role: " + why};
}

double EndOf(const std::string& text) {
  std::tm parts{};
  return strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts) != nullptr
             ? static_cast<double>(timegm(&parts))
             : 0;
}

}  // namespace

void Credentials::Get(Done done) {
  if (keys_ && env_.now() < until_) return done(*keys_);
  waiting_.push_back(std::move(done));
  if (waiting_.size() > 1) return;
  const auto& variables = env_.cloud_variables;
  std::string url;
  if (const auto full = variables.find("AWS_CONTAINER_CREDENTIALS_FULL_URI");
      full != variables.end())
    url = full->second;
  if (const auto relative = variables.find("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
      relative != variables.end())
    url = kEcs + relative->second;
  if (url.empty()) return AskEc2();
  plugin::Headers headers;
  if (const auto token = variables.find("AWS_CONTAINER_AUTHORIZATION_TOKEN");
      token != variables.end())
    headers.emplace_back("Authorization", token->second);
  Ask(url, std::move(headers), [this](const plugin::HttpReply& reply) { Take(reply); });
}

void Credentials::Ask(const std::string& url, plugin::Headers headers,
                      std::function<void(const plugin::HttpReply&)> next) {
  plugin::HttpRequest request;
  request.url = url;
  request.headers = std::move(headers);
  request.timeout_ms = kTimeoutMs;
  env_.http.Send(std::move(request), [self = shared_from_this(), next = std::move(next)](
                                         const plugin::HttpReply& reply) { next(reply); });
}

void Credentials::AskEc2() {
  Ask(kEc2, {}, [this](const plugin::HttpReply& reply) {
    if (reply.error || reply.status != 200)
      return Tell(Unavailable(reply.error.value_or("the metadata service names no role")));
    const std::string role(Trim(reply.body));
    Ask(kEc2 + role, {}, [this](const plugin::HttpReply& second) { Take(second); });
  });
}

void Credentials::Take(const plugin::HttpReply& reply) {
  if (reply.error || reply.status != 200)
    return Tell(Unavailable(reply.error.value_or("the metadata service refuses them")));
  const auto json = ParseJson(reply.body);
  if (!json) return Tell(Unavailable("the metadata service's answer is not JSON"));
  Keys keys{StringMember(*json, "AccessKeyId"), StringMember(*json, "SecretAccessKey"),
            StringMember(*json, "Token")};
  if (keys.access_key.empty() || keys.secret_key.empty())
    return Tell(Unavailable("the metadata service's answer has none"));
  keys_ = keys;
  until_ = EndOf(StringMember(*json, "Expiration")) - kBeforeEnd;
  Tell(keys);
}

void Credentials::Tell(const Result<Keys>& keys) {
  for (const Done& done : std::exchange(waiting_, {})) done(keys);
}

}  // namespace silverback::plugins::aws
