// FakeExchange: a request and its response in memory, for tests of plugins and of the phase runner.
#pragma once

#include <map>
#include <memory>

#include "plugin/exchange.h"
#include "util/string_util.h"

namespace silverback::test {

class FakeExchange : public plugin::Exchange {
 public:
  // -- what a test sets
  std::string method = "GET", scheme = "http", host = "a.test", path = "/", query, body,
              client_ip = "127.0.0.1";
  plugin::Headers request_headers, response_headers;
  const entity::Route* matched_route = nullptr;
  const entity::Service* matched_service = nullptr;
  int status = 200;
  Json log_entry = Json::object();
  plugin::Headers captures;
  plugin::Figures figures;
  plugin::Progress progress;
  bool stream = false;

  // -- what a test looks at
  std::optional<plugin::LocalResponse> answer;
  std::optional<std::string> new_body;
  std::optional<std::string> new_response_body;
  bool anonymous = false, aborted = false;
  bool told_upstream = false;  // of the consumer
  bool spilled = false;        // the body is on disk
  int suspended = 0, resumed = 0;
  bool resumed_with_answer = false;

  std::string Header(std::string_view name) const {
    return std::string(RequestHeader(name).value_or(""));
  }
  std::string Response(std::string_view name) const {
    return std::string(ResponseHeader(name).value_or(""));
  }
  std::string AnswerHeader(std::string_view name) const {
    for (const auto& [key, value] : answer ? answer->headers : plugin::Headers()) {
      if (EqualsIgnoreCase(key, name)) return value;
    }
    return "";
  }

  std::string_view Method() const override { return method; }
  std::string_view Scheme() const override { return scheme; }
  std::string_view ForwardedScheme() const override { return scheme; }
  std::string_view Host() const override { return host; }
  int Port() const override { return 8000; }
  int ForwardedPort() const override { return 8000; }
  std::string_view Path() const override { return path; }
  plugin::Headers UriCaptures() const override { return captures; }
  std::string_view RawTarget() const override { return path; }
  std::string_view RawQuery() const override { return query; }
  double HttpVersion() const override { return 1.1; }
  std::string_view ClientIp() const override { return client_ip; }
  std::string_view ForwardedIp() const override { return client_ip; }
  std::optional<std::string_view> RequestHeader(std::string_view name) const override {
    return First(request_headers, name);
  }
  std::vector<std::string_view> RequestHeaderValues(std::string_view name) const override {
    return All(request_headers, name);
  }
  plugin::Headers RequestHeaders() const override { return request_headers; }
  void ReadBody(std::function<void(std::optional<std::string_view>)> done) override {
    done(spilled ? std::nullopt : std::optional<std::string_view>(body));
  }
  BodyLoader SpilledBody() const override {
    if (!spilled) return nullptr;
    return [text = body] { return Result<std::string>(text); };
  }
  int64_t BodySize() const override { return static_cast<int64_t>(body.size()); }
  int64_t RequestSize() const override { return 100; }
  double StartedAt() const override { return 1000; }

  void SetRequestHeader(std::string_view name, std::string_view value) override {
    const std::string kept(value);
    Erase(request_headers, name);
    request_headers.emplace_back(name, kept);
  }
  void AddRequestHeader(std::string_view name, std::string_view value) override {
    request_headers.emplace_back(name, value);
  }
  void ClearRequestHeader(std::string_view name) override { Erase(request_headers, name); }
  void SetMethod(std::string_view name) override { method = name; }
  std::string_view UpstreamPath() const override { return path; }
  void SetUpstreamPath(std::string_view text) override { path = text; }
  void SetRawQuery(std::string_view text) override { query = std::string(text); }
  void SetRequestBody(std::string text) override { new_body = std::move(text); }
  void SetUpstreamTarget(std::string_view, int) override {}

  int ResponseStatus() const override { return status; }
  void SetResponseStatus(int code) override { status = code; }
  std::optional<std::string_view> ResponseHeader(std::string_view name) const override {
    return First(response_headers, name);
  }
  std::vector<std::string_view> ResponseHeaderValues(std::string_view name) const override {
    return All(response_headers, name);
  }
  plugin::Headers ResponseHeaders() const override { return response_headers; }
  void SetResponseHeader(std::string_view name, std::string_view value) override {
    Erase(response_headers, name);
    response_headers.emplace_back(name, value);
  }
  void AddResponseHeader(std::string_view name, std::string_view value) override {
    response_headers.emplace_back(name, value);
  }
  void ClearResponseHeader(std::string_view name) override { Erase(response_headers, name); }
  plugin::ResponseSource Source() const override { return plugin::ResponseSource::kService; }
  std::optional<int> UpstreamStatus() const override { return status; }
  void ReplaceResponseBody(std::string text) override { new_response_body = std::move(text); }
  void Abort() override { aborted = true; }
  void Respond(plugin::LocalResponse response) override { answer = std::move(response); }

  const entity::Route* route() const override { return matched_route; }
  const entity::Service* service() const override { return matched_service; }
  const plugin::EntityRef& consumer() const override { return consumer_; }
  const plugin::EntityRef& credential() const override { return credential_; }
  void Authenticate(plugin::EntityRef consumer, plugin::EntityRef credential,
                    bool is_anonymous) override {
    SetClient(std::move(consumer), std::move(credential));
    anonymous = is_anonymous;
    told_upstream = true;
  }
  void SetClient(plugin::EntityRef consumer, plugin::EntityRef credential) override {
    consumer_ = std::move(consumer);
    credential_ = std::move(credential);
  }
  Json& Shared() override { return shared_; }

  std::shared_ptr<Resumer> Suspend() override {
    ++suspended;
    return std::make_shared<FakeResumer>(*this);
  }
  void EditLog(plugin::LogEdit edit) override { plugin::ApplyEdits({std::move(edit)}, log_entry); }
  Json Serialize() const override { return log_entry; }
  bool IsStream() const override { return stream; }
  plugin::Figures Measure() const override { return figures; }
  plugin::Progress Reached() const override { return progress; }

 protected:
  std::shared_ptr<void>& RawSlot(const void* plugin) override { return slots_[plugin]; }

 private:
  class FakeResumer : public Resumer {
   public:
    explicit FakeResumer(FakeExchange& exchange) : exchange_(exchange) {}
    bool Alive() const override { return true; }
    void Resume(bool respond) override {
      ++exchange_.resumed;
      exchange_.resumed_with_answer = respond;
    }

   private:
    FakeExchange& exchange_;
  };

  static std::optional<std::string_view> First(const plugin::Headers& headers,
                                               std::string_view name) {
    const auto all = All(headers, name);
    return all.empty() ? std::nullopt : std::optional<std::string_view>(all.front());
  }
  static std::vector<std::string_view> All(const plugin::Headers& headers, std::string_view name) {
    std::vector<std::string_view> values;
    for (const auto& [key, value] : headers) {
      if (EqualsIgnoreCase(key, name)) values.push_back(value);
    }
    return values;
  }
  static void Erase(plugin::Headers& headers, std::string_view name) {
    std::erase_if(headers,
                  [&](const auto& header) { return EqualsIgnoreCase(header.first, name); });
  }

  plugin::EntityRef consumer_, credential_;
  Json shared_ = Json::object();
  std::map<const void*, std::shared_ptr<void>> slots_;
};

}  // namespace silverback::test
