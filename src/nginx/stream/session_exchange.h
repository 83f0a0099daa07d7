// SessionExchange: the parts of plugin::Exchange that a TCP or UDP session does not have.
#pragma once

#include "plugin/exchange.h"

namespace silverback::nginx {

class SessionExchange : public plugin::Exchange {
 public:
  bool IsStream() const override { return true; }

  std::string_view Method() const override { return {}; }
  std::string_view Host() const override { return {}; }
  std::string_view Path() const override { return {}; }
  std::string_view RawTarget() const override { return {}; }
  std::string_view RawQuery() const override { return {}; }
  double HttpVersion() const override { return 0; }
  std::optional<std::string_view> RequestHeader(std::string_view) const override { return {}; }
  std::vector<std::string_view> RequestHeaderValues(std::string_view) const override { return {}; }
  plugin::Headers RequestHeaders() const override { return {}; }
  void ReadBody(std::function<void(std::optional<std::string_view>)> done) override {
    done(std::nullopt);
  }

  void SetRequestHeader(std::string_view, std::string_view) override {}
  void AddRequestHeader(std::string_view, std::string_view) override {}
  void ClearRequestHeader(std::string_view) override {}
  void SetMethod(std::string_view) override {}
  std::string_view UpstreamPath() const override { return {}; }
  void SetUpstreamPath(std::string_view) override {}
  void SetRawQuery(std::string_view) override {}
  void SetRequestBody(std::string) override {}

  void SetResponseStatus(int) override {}
  std::optional<std::string_view> ResponseHeader(std::string_view) const override { return {}; }
  std::vector<std::string_view> ResponseHeaderValues(std::string_view) const override { return {}; }
  plugin::Headers ResponseHeaders() const override { return {}; }
  void SetResponseHeader(std::string_view, std::string_view) override {}
  void AddResponseHeader(std::string_view, std::string_view) override {}
  void ClearResponseHeader(std::string_view) override {}
  std::optional<int> UpstreamStatus() const override { return {}; }
};

}  // namespace silverback::nginx
