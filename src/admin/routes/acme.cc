// Certificates of the acme plugin, ordered, tested, renewed and shown by hand.
#include <string>

#include "admin/entity_access.h"
#include "admin/routes/routes.h"

namespace silverback::admin {
namespace {

const Json& ConfigOf(const Json& plugin) {
  static const Json kNone = Json::object();
  const Json* config = FindMember(plugin, "config");
  return config != nullptr ? *config : kNone;
}

// `work` gets the configuration of the plugin; without one there is nothing here, in nginx' words.
template <class Work>
Response WithPlugin(Call& call, const Work& work) {
  const auto plugins = PluginsNamed(call.context, "acme");
  if (!plugins) return ErrorResponse(plugins.error());
  return plugins->empty() ? HtmlPage(404) : work(ConfigOf(plugins->front()));
}

const Json* Argument(const Call& call, std::string_view name) {
  const Json* given = FindMember(call.args.body, name);
  return given != nullptr ? given : FindMember(call.args.query, name);
}

bool IsTrue(const Json* value) {
  return value != nullptr && (*value == Json(true) || *value == Json("true"));
}

Response OrderCertificate(Call& call) {
  return WithPlugin(call, [&](const Json& config) {
    const Json* given = Argument(call, "host");
    if (given == nullptr || !given->is_string())
      return MessageResponse(400, "host must be provided and containing a single domain");
    const auto host = given->get<std::string>();
    if (host.find(':') != host.npos) return MessageResponse(400, "port is not allowed in host");
    if (IsTrue(Argument(call, "test_http_challenge_flow"))) {
      const Status tested = call.context.node.AcmeTest(config, host);
      if (tested) return MessageResponse(200, "sanity test for host " + host + " passed");
      return MessageResponse(
          400, "problem found running sanity check for " + host + ": " + tested.error().message());
    }
    const Status ordered = call.context.node.AcmeOrder(config, host);
    if (ordered) return MessageResponse(201, "certificate for host " + host + " is created");
    return MessageResponse(500, "failed to update certificate: " + ordered.error().message());
  });
}

Response RenewCertificates(Call& call) {
  const auto plugins = PluginsNamed(call.context, "acme");
  if (!plugins) return ErrorResponse(plugins.error());
  for (const Json& plugin : *plugins) call.context.node.AcmeRenew(ConfigOf(plugin));
  return MessageResponse(202, "Renewal process started successfully");
}

Response Certificates(Call& call) {
  return WithPlugin(call, [&](const Json& config) {
    const auto certificates = call.context.node.AcmeCertificates(config, "");
    if (!certificates) return MessageResponse(500, certificates.error().message());
    const bool invalid_only = FindMember(call.args.query, "invalid_only") != nullptr;
    // As in Kong, none of them is an object.
    Json data = Json::object();
    for (const Json& each : *certificates) {
      if (invalid_only && BoolMember(each, "valid")) continue;
      if (data.is_object()) data = Json::array();
      data.push_back(each);
    }
    return JsonResponse(200, {{"data", std::move(data)}});
  });
}

Response CertificateOf(Call& call, const std::string& host) {
  return WithPlugin(call, [&](const Json& config) {
    const auto certificates = call.context.node.AcmeCertificates(config, host);
    if (!certificates) return MessageResponse(500, certificates.error().message());
    if (certificates->empty())  // Kong's words, without the blank that is missing
      return MessageResponse(404, "Certificate for host " + host + "not found in storage");
    return JsonResponse(200, {{"data", certificates->front()}});
  });
}

}  // namespace

bool WaitsForOthers(const Request& request) {
  const std::string_view path =
      std::string_view(request.target).substr(0, request.target.find('?'));
  return path == "/acme" || path.starts_with("/acme/");
}

silverback::Status Node::AcmeOrder(const Json&, const std::string&) {
  return Error(ErrorCode::kUnavailable, "the acme plugin is not running on this node");
}

silverback::Status Node::AcmeTest(const Json& config, const std::string& host) {
  return AcmeOrder(config, host);
}

void AddAcmeEndpoints(const Context& context, EndpointTable& table) {
  if (context.catalog.Plugin("acme") == nullptr) return;
  Endpoint& acme = table.At("/acme");
  acme.methods["POST"] = OrderCertificate;
  acme.methods["PATCH"] = RenewCertificates;
  table.At("/acme/certificates").methods["GET"] = Certificates;
  table.At("/acme/certificates/{ceritificates}").methods["GET"] = [](Call& call) {
    return CertificateOf(call, call.params[0]);
  };
}

}  // namespace silverback::admin
