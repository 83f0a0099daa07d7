#include <string>

#include "admin/routes/routes.h"

namespace silverback::admin {
namespace {

Response OrderCertificate(Call& call) {
  const Json* host = FindMember(call.args.body, "host");
  if (host == nullptr || !host->is_string() || host->get_ref<const std::string&>().empty()) {
    return MessageResponse(400, "host must be provided and containing a single domain");
  }
  const std::string name = host->get<std::string>();
  const Status ordered = call.context.node.AcmeOrder(name);
  if (!ordered)
    return MessageResponse(500, "failed to update certificate: " + ordered.error().message());
  return MessageResponse(201, "certificate for host " + name + " is created");
}

Response RenewCertificates(Call& call) {
  const Status begun = call.context.node.AcmeRenew();
  if (!begun) return MessageResponse(500, "failed to start renewal process");
  return MessageResponse(202, "Renewal process started successfully");
}

// Only nodes on which the plugin is configured hold certificates.
Response Certificates(Call& call, const std::string& host) {
  const auto certificates = call.context.node.AcmeCertificates(host);
  if (!certificates) return ErrorResponse(certificates.error());
  if (certificates->empty()) return NotFound();
  return JsonResponse(200, host.empty() ? Json{{"data", *certificates}} : certificates->front());
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
  table.At("/acme/certificates").methods["GET"] = [](Call& call) { return Certificates(call, ""); };
  table.At("/acme/certificates/{ceritificates}").methods["GET"] = [](Call& call) {
    return Certificates(call, call.params[0]);
  };
}

}  // namespace silverback::admin
