#include "plugins/request_size_limiting/request_size_limiting.h"

#include <charconv>

#include "plugin/answers.h"
#include "util/string_util.h"

namespace silverback::plugins {
namespace {

using plugin::Exchange;
using plugin::Next;

double BytesOf(std::string_view unit) {
  if (unit == "bytes") return 1;
  if (unit == "kilobytes") return 1 << 10;
  return 1 << 20;
}

std::optional<int64_t> ContentLength(const Exchange& exchange) {
  const auto header = exchange.RequestHeader("content-length");
  int64_t length = 0;
  if (!header) return std::nullopt;
  const auto [end, error] =
      std::from_chars(header->data(), header->data() + header->size(), length);
  if (error != std::errc() || end != header->data() + header->size()) return std::nullopt;
  return length;
}

class RequestSizeLimiting final : public plugin::Plugin {
 public:
  explicit RequestSizeLimiting(const Json& config)
      : most_(NumberMember(config, "allowed_payload_size", 128) *
              BytesOf(StringMember(config, "size_unit", "megabytes"))),
        needs_length_(BoolMember(config, "require_content_length")) {}

  Next OnAccess(Exchange& exchange) const override {
    if (const auto length = ContentLength(exchange)) return Judge(exchange, *length);
    const bool chunked = exchange.RequestHeader("transfer-encoding").has_value();
    if (needs_length_ && !chunked)
      return plugin::Refuse(exchange, 411, "A valid Content-Length header is required");
    if (!chunked && exchange.HttpVersion() < 2) return Next::kContinue;
    // Its size is known when it has arrived.
    const auto resumer = exchange.Suspend();
    exchange.ReadBody([this, resumer, &exchange](std::optional<std::string_view>) {
      if (!resumer->Alive()) return;
      resumer->Resume(Judge(exchange, exchange.BodySize()) == Next::kRespond);
    });
    return Next::kSuspend;
  }

 private:
  Next Judge(Exchange& exchange, int64_t size) const {
    if (static_cast<double>(size) <= most_) return Next::kContinue;
    const auto expect = exchange.RequestHeader("expect");
    const bool asks_first = expect && EqualsIgnoreCase(Trim(*expect), "100-continue");
    return plugin::Refuse(exchange, asks_first ? 417 : 413, "Request size limit exceeded");
  }

  const double most_;
  const bool needs_length_;
};

Result<std::unique_ptr<plugin::Plugin>> Create(const plugin::PluginInstance& instance,
                                               plugin::PluginEnv&) {
  return std::unique_ptr<plugin::Plugin>(new RequestSizeLimiting(instance.config));
}

}  // namespace

const plugin::PluginType kRequestSizeLimiting = {"request-size-limiting", 951, "2.0.0",
                                                 plugin::kAccess, Create};

}  // namespace silverback::plugins
