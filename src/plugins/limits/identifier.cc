#include "plugins/limits/identifier.h"

namespace silverback::plugins {
namespace {

std::string_view IdOf(const plugin::EntityRef& row) {
  return row ? StringViewMember(*row, "id") : std::string_view();
}

}  // namespace

Identifier::Identifier(const Json& config)
    : by_(Parse(StringViewMember(config, "limit_by"))),
      header_name_(StringMember(config, "header_name")),
      path_(StringMember(config, "path")) {}

Identifier::By Identifier::Parse(std::string_view name) {
  if (name == "credential") return By::kCredential;
  if (name == "ip") return By::kIp;
  if (name == "service") return By::kService;
  if (name == "header") return By::kHeader;
  if (name == "path") return By::kPath;
  return By::kConsumer;
}

std::string_view Identifier::Of(const plugin::Exchange& exchange) const {
  std::string_view id;
  switch (by_) {
    case By::kService:
      id = exchange.service() ? std::string_view(exchange.service()->id) : id;
      break;
    case By::kConsumer:
      id = IdOf(exchange.consumer());
      if (id.empty()) id = IdOf(exchange.credential());
      break;
    case By::kCredential:
      id = IdOf(exchange.credential());
      break;
    case By::kHeader:
      id = exchange.RequestHeader(header_name_).value_or("");
      break;
    case By::kPath:
      id = exchange.Path() == path_ ? exchange.Path() : id;
      break;
    case By::kIp:
      break;
  }
  return id.empty() ? exchange.ForwardedIp() : id;
}

}  // namespace silverback::plugins
