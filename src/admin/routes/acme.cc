#include <algorithm>
#include <string>

#include "admin/entity_access.h"
#include "admin/routes/routes.h"

namespace silverback::admin {
namespace {

// A plugin of that kind, which must be there for most of this.
Result<std::optional<Json>> FindPlugin(const Context& context) {
  auto plugins = PluginsNamed(context, "acme");
  if (!plugins) return plugins.error();
  if (plugins->empty()) return std::optional<Json>();
  return std::optional<Json>(std::move(plugins->front()));
}

// `work` gets the plugin; without one there is nothing here, in nginx' words.
template <class Work>
Response WithPlugin(Call& call, const Work& work) {
  const auto plugin = FindPlugin(call.context);
  if (!plugin) return ErrorResponse(plugin.error());
  return *plugin ? work(**plugin) : HtmlPage(404);
}

bool IsListed(const Json& plugin, const std::string& host) {
  const Json* config = FindMember(plugin, "config");
  const Json* domains = config != nullptr ? FindMember(*config, "domains") : nullptr;
  return domains != nullptr && std::find(domains->begin(), domains->end(), host) != domains->end();
}

Response OrderFor(Call& call, const Json& plugin, const std::string& host) {
  if (host.find(':') != std::string::npos)
    return MessageResponse(400, "port is not allowed in host");
  const Json* test = FindMember(call.args.body, "test_http_challenge_flow");
  if (test != nullptr && (*test == true || *test == "true") && !IsListed(plugin, host)) {
    return MessageResponse(400, "problem found running sanity check for " + host +
                                    ": host is not included in plugin config.domains");
  }
  const Status ordered = call.context.node.AcmeOrder(host);
  if (!ordered)
    return MessageResponse(500, "failed to update certificate: " + ordered.error().message());
  return MessageResponse(201, "certificate for host " + host + " is created");
}

Response OrderCertificate(Call& call) {
  return WithPlugin(call, [&](const Json& plugin) {
    const Json* host = FindMember(call.args.body, "host");
    if (host == nullptr || !host->is_string())
      return MessageResponse(400, "host must be provided and containing a single domain");
    return OrderFor(call, plugin, host->get<std::string>());
  });
}

Response RenewCertificates(Call& call) {
  const Status begun = call.context.node.AcmeRenew();
  if (!begun) return MessageResponse(500, "failed to start renewal process");
  return MessageResponse(202, "Renewal process started successfully");
}

Response Certificates(Call& call) {
  return WithPlugin(call, [&](const Json&) {
    const auto certificates = call.context.node.AcmeCertificates("");
    if (!certificates) return ErrorResponse(certificates.error());
    // As in Kong, none of them is an object.
    return JsonResponse(
        200, {{"data", certificates->empty() ? Json(Json::object()) : Json(*certificates)}});
  });
}

Response CertificateOf(Call& call, const std::string& host) {
  return WithPlugin(call, [&](const Json&) {
    const auto certificates = call.context.node.AcmeCertificates(host);
    if (!certificates) return ErrorResponse(certificates.error());
    if (certificates->empty())  // Kong's words, without the blank that is missing
      return MessageResponse(404, "Certificate for host " + host + "not found in storage");
    return JsonResponse(200, {{"data", certificates->front()}});
  });
}

}  // namespace

silverback::Status Node::AcmeOrder(const std::string&) {
  return Error(ErrorCode::kUnavailable, "the acme plugin is not running on this node");
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
