#include "plugin/authentication.h"

#include "plugin/answers.h"
#include "util/string_util.h"

namespace silverback::plugin {

Next RefuseOrAnonymous(Exchange& exchange, PluginEnv& env, const std::string& anonymous,
                       Refusal refusal) {
  if (anonymous.empty()) {
    if (refusal.json_only) {
      return RespondJson(exchange, refusal.status, refusal.message, std::move(refusal.headers));
    }
    return Refuse(exchange, refusal.status, refusal.message, std::move(refusal.headers));
  }
  EntityRef consumer = IsUuid(anonymous) ? env.entities.Find("consumers", anonymous) : nullptr;
  if (!consumer) consumer = env.entities.FindUnique("consumers", "username", anonymous);
  if (!consumer) {
    env.log.Log(LogLevel::kError,
                "anonymous consumer '" + anonymous + "' is configured but does not exist");
    return RespondJson(exchange, 500, "An unexpected error occurred");
  }
  exchange.Authenticate(std::move(consumer), nullptr, true);
  return Next::kContinue;
}

EntityRef ConsumerOf(PluginEnv& env, const Json& credential) {
  const Json* consumer = FindMember(credential, "consumer");
  const Json* id = consumer ? FindMember(*consumer, "id") : nullptr;
  return id && id->is_string() ? env.entities.Find("consumers", id->get_ref<const std::string&>())
                               : nullptr;
}

}  // namespace silverback::plugin
