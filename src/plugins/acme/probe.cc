#include "plugins/acme/probe.h"

#include "plugin/config.h"
#include "plugins/acme/certifier.h"
#include "plugins/acme/domains.h"

namespace silverback::plugins::acme {
namespace {

// "": as it should be, for a challenge that there is not.
std::string Mistake(const std::string& path, const plugin::HttpReply& reply) {
  if (reply.error) return *reply.error;
  if (reply.body.find("no Route matched with those values") != std::string::npos) {
    return path +
           "* doesn't map to a Route in Kong; please refer to docs on how to create dummy Route "
           "and Service";
  }
  if (reply.body == "Not found\n") return "";
  std::string mistake = "unexpected response: \"" + reply.body + "\"";
  if (reply.status != 404) mistake += fmt::format(", unexpected status code: {}", reply.status);
  return mistake;
}

}  // namespace

void ProbeChallenges(const Json& config, const std::string& host, plugin::PluginEnv& env,
                     std::function<void(Status)> done) {
  if (!IsHostName(host) || !Domains(plugin::StringList(config, "domains")).Has(host))
    return done(Error(ErrorCode::kInvalidInput, "host is not included in plugin config.domains"));
  const std::string path = "http://" + host + "/.well-known/acme-challenge/";
  plugin::HttpRequest request;
  request.url = path + "x";
  env.http.Send(std::move(request), [path, done = std::move(done)](const plugin::HttpReply& reply) {
    const std::string mistake = Mistake(path, reply);
    done(mistake.empty() ? Ok() : Error(ErrorCode::kInvalidInput, mistake));
  });
}

}  // namespace silverback::plugins::acme
