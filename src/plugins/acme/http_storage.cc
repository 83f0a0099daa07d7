// Consul's and Vault's key-value stores. Both answer 404 for what they do not have.
#include <algorithm>
#include <fstream>
#include <sstream>

#include "plugins/acme/storage.h"
#include "util/string_util.h"

namespace silverback::plugins::acme {
namespace {

using plugin::HttpReply;
using plugin::HttpRequest;
using plugin::PluginEnv;

constexpr int kTimeoutMs = 2000;
constexpr int kConsulPort = 8500, kVaultPort = 8200;
constexpr char kTokenFile[] = "/var/run/secrets/kubernetes.io/serviceaccount/token";

// The answer's document; null: there is none.
using Document = Result<Json>;
using Done = std::function<void(const Document&)>;

std::string BaseUrl(const Json& config, const std::string& host, int port) {
  return fmt::format("{}://{}:{}", BoolMember(config, "https") ? "https" : "http", host,
                     static_cast<int>(NumberMember(config, "port", port)));
}

// "/acme" where the configuration says nothing.
std::string KeyPath(const Json& config) {
  std::string path = StringMember(config, "kv_path", "/acme");
  return path.starts_with('/') ? path : "/" + path;
}

std::string EscapeKey(std::string_view key) { return ReplaceAll(PercentEncode(key), "%2F", "/"); }

// The last parts of the names that begin with `prefix`.
std::vector<std::string> Matching(const Json& names, const std::string& prefix) {
  std::vector<std::string> keys;
  for (const Json& name : names) {
    if (!name.is_string()) continue;
    const auto& text = name.get_ref<const std::string&>();
    const std::string last = text.substr(text.rfind('/') + 1);
    if (!last.empty() && last.starts_with(prefix)) keys.push_back(last);
  }
  return keys;
}

Document Read(const std::string& who, const HttpReply& reply) {
  if (reply.error) return Error(ErrorCode::kUnavailable, *reply.error);
  if (reply.status >= 400 && reply.status != 404)
    return Error(ErrorCode::kUnavailable, fmt::format("{} answered {}", who, reply.status));
  auto document = ParseJson(reply.body);
  if (reply.status == 404 || reply.status == 204) return document ? *std::move(document) : Json();
  if (!document) return Error(ErrorCode::kUnavailable, "unable to decode response body");
  return *std::move(document);
}

// Continues with the document, or hands the error on.
template <class Failed, class Next>
Done OrFail(Failed failed, Next next) {
  return [failed = std::move(failed), next = std::move(next)](const Document& document) {
    if (!document) return failed(document.error());
    next(*document);
  };
}

class Consul final : public Storage, public std::enable_shared_from_this<Consul> {
 public:
  Consul(const Json& config, PluginEnv& env)
      : env_(env),
        url_(BaseUrl(config, StringMember(config, "host", "127.0.0.1"), kConsulPort) + "/v1/kv" +
             KeyPath(config) + "/"),
        token_(StringMember(config, "token")),
        timeout_ms_(static_cast<int>(NumberMember(config, "timeout", kTimeoutMs))) {}

  void Get(const std::string& key, GotValue done) override {
    auto next = [self = shared_from_this(), key, done](const Json& entries) {
      if (!entries.is_array() || entries.empty()) return done(Storage::Nothing());
      const Json& entry = entries.front();
      const double expires_ms = NumberMember(entry, "Flags");
      if (expires_ms > 0 && expires_ms < self->env_.now() * 1000)
        return self->DropExpired(key, entry, done);
      const Json* value = FindMember(entry, "Value");
      if (value == nullptr || !value->is_string()) return done(Storage::Nothing());
      done(Base64Decode(value->get_ref<const std::string&>()));
    };
    Send("GET", EscapeKey(key), "", OrFail(done, std::move(next)));
  }
  void Set(const std::string& key, std::string value, int ttl, Finished done) override {
    Put(key, std::move(value), ttl, "", [done](const Result<bool>& stored) {
      if (!stored) return done(stored.error());
      done(*stored ? Ok() : Status(Error(ErrorCode::kUnavailable, "consul returned false")));
    });
  }
  void Add(const std::string& key, std::string value, int ttl, Added done) override {
    Get(key, [self = shared_from_this(), key, value, ttl, done](const Value& old) {
      if (!old) return done(old.error());
      if (*old) return done(false);
      // Only where nobody was faster.
      self->Put(key, value, ttl, "cas=0", done);
    });
  }
  void Remove(const std::string& key, Finished done) override {
    Send("DELETE", EscapeKey(key), "", OrFail(done, [done](const Json&) { done(Ok()); }));
  }
  void List(const std::string& prefix, Keys done) override {
    Send("GET", "?keys", "",
         OrFail(done, [prefix, done](const Json& names) { done(Matching(names, prefix)); }));
  }

 private:
  void DropExpired(const std::string& key, const Json& entry, const GotValue& done) {
    const std::string which =
        fmt::format("?cas={}", static_cast<int64_t>(NumberMember(entry, "ModifyIndex")));
    Send("DELETE", EscapeKey(key) + which, "",
         OrFail(done, [done](const Json&) { done(Storage::Nothing()); }));
  }

  void Put(const std::string& key, std::string value, int ttl, std::string arguments, Added done) {
    if (ttl > 0) {
      if (!arguments.empty()) arguments += '&';
      arguments += fmt::format("flags={}", static_cast<int64_t>((env_.now() + ttl) * 1000));
    }
    const std::string path = EscapeKey(key) + (arguments.empty() ? "" : "?" + arguments);
    Send("PUT", path, std::move(value),
         OrFail(done, [done](const Json& stored) { done(stored == Json(true)); }));
  }

  void Send(const char* method, const std::string& path, std::string body, Done done) {
    HttpRequest request;
    request.method = method;
    request.url = url_ + path;
    if (!token_.empty()) request.headers.emplace_back("X-Consul-Token", token_);
    request.body = std::move(body);
    request.timeout_ms = timeout_ms_;
    request.verify_tls = true;
    env_.http.Send(std::move(request), [done = std::move(done)](const HttpReply& reply) {
      done(Read("consul", reply));
    });
  }

  PluginEnv& env_;
  const std::string url_, token_;
  const int timeout_ms_;
};

class Vault final : public Storage, public std::enable_shared_from_this<Vault> {
 public:
  Vault(const Json& config, PluginEnv& env) : config_(config), env_(env) {
    host_ = StringMember(config, "host", "127.0.0.1");
    // The name that its certificate is for stands in the URL.
    const std::string name =
        BoolMember(config, "https") ? StringMember(config, "tls_server_name", host_) : host_;
    base_ = BaseUrl(config, name, kVaultPort) + "/v1";
    const std::string path = KeyPath(config);
    // The first part is where the secrets engine is mounted.
    const size_t mount = std::min(path.find('/', 1), path.size());
    const std::string below = path.substr(mount) + "/";
    data_ = path.substr(0, mount) + "/data" + below;
    metadata_ = path.substr(0, mount) + "/metadata" + below;
    token_ = StringMember(config, "token");
  }

  void Get(const std::string& key, GotValue done) override {
    Send("GET", data_ + Name(key), Json(),
         OrFail(done, [done](const Json& secret) { done(ValueIn(secret)); }));
  }
  void Set(const std::string& key, std::string value, int ttl, Finished done) override {
    Put(key, value, ttl, std::nullopt, OrFail(done, [done](const Json&) { done(Ok()); }));
  }
  void Add(const std::string& key, std::string value, int ttl, Added done) override {
    auto add = [self = shared_from_this(), key, value, ttl, done](const Json& secret) {
      if (ValueIn(secret)) return done(false);
      // Only where nobody was faster. Of what has expired the versions count on.
      const auto version = static_cast<int64_t>(NumberMember(Part(secret, "metadata"), "version"));
      self->Put(key, value, ttl, version, OrFail(done, [done](const Json&) { done(true); }));
    };
    Send("GET", data_ + Name(key), Json(), OrFail(done, std::move(add)));
  }
  void Remove(const std::string& key, Finished done) override {
    Send("DELETE", metadata_ + Name(key), Json(),
         OrFail(done, [done](const Json&) { done(Ok()); }));
  }
  void List(const std::string& prefix, Keys done) override {
    Send("LIST", metadata_, Json(), OrFail(done, [prefix, done](const Json& listed) {
           const Json* data = FindMember(listed, "data");
           const Json* names = data != nullptr ? FindMember(*data, "keys") : nullptr;
           done(names != nullptr ? Matching(*names, prefix) : std::vector<std::string>());
         }));
  }

 private:
  static std::string Name(const std::string& key) {
    return PercentEncode(ReplaceAll(key, "/", "-"));
  }

  // A member of "data"; null: there is none.
  static const Json& Part(const Json& secret, const char* name) {
    static const Json kNone;
    const Json* data = FindMember(secret, "data");
    const Json* part = data != nullptr ? FindMember(*data, name) : nullptr;
    return part != nullptr ? *part : kNone;
  }
  static std::optional<std::string> ValueIn(const Json& secret) {
    const Json* value = FindMember(Part(secret, "data"), "value");
    if (value == nullptr || !value->is_string()) return std::nullopt;
    return value->get<std::string>();
  }

  void Put(const std::string& key, const std::string& value, int ttl,
           std::optional<int64_t> old_version, Done done) {
    Json body = {{"data", {{"value", value}, {"note", "managed by lua-resty-acme"}}}};
    if (old_version) body["options"] = {{"cas", *old_version}};
    auto store = [self = shared_from_this(), key, body, done](const Json&) {
      self->Send("POST", self->data_ + Name(key), body, done);
    };
    if (ttl == 0) return store(Json());
    Send("POST", metadata_ + Name(key),
         {{"delete_version_after", fmt::format("{}ms", int64_t{ttl} * 1000)}},
         OrFail(done, std::move(store)));
  }

  void Send(const char* method, const std::string& path, Json body, Done done) {
    if (ToLower(StringMember(config_, "auth_method", "token")) == "token" || !token_.empty())
      return SendAs(token_, method, path, body, std::move(done));
    LogIn([self = shared_from_this(), method, path, body, done](const Document& answer) {
      if (!answer) return done(answer.error());
      self->SendAs(self->token_, method, path, body, done);
    });
  }

  // With what Kubernetes says of this pod. The file is on the machine, small, and read rarely.
  void LogIn(Done done) {
    if (ToLower(StringMember(config_, "auth_method")) != "kubernetes")
      return done(Error(ErrorCode::kInvalidInput, "Unknown authentication method"));
    std::ifstream file(StringMember(config_, "jwt_path", kTokenFile));
    if (!file) return done(Error(ErrorCode::kIo, "the token of the service account is missing"));
    std::stringstream text;
    text << file.rdbuf();
    const Json body = {{"role", StringMember(config_, "auth_role")}, {"jwt", text.str()}};
    SendAs("", "POST", "/auth/" + StringMember(config_, "auth_path", "kubernetes") + "/login", body,
           OrFail(done, [self = shared_from_this(), done](const Json& answer) {
             const Json* auth = FindMember(answer, "auth");
             self->token_ = auth != nullptr ? StringMember(*auth, "client_token") : "";
             if (self->token_.empty())
               return done(Error(ErrorCode::kUnavailable, "Could not authenticate"));
             done(Json());
           }));
  }

  void SendAs(const std::string& token, const char* method, const std::string& path,
              const Json& body, Done done) {
    HttpRequest request;
    request.method = method;
    request.url = base_ + path;
    if (!token.empty()) request.headers.emplace_back("X-Vault-Token", token);
    if (!body.is_null()) request.body = DumpJson(body);
    request.timeout_ms = static_cast<int>(NumberMember(config_, "timeout", kTimeoutMs));
    request.verify_tls = BoolMember(config_, "tls_verify", true);
    request.connect_host = host_;
    env_.http.Send(std::move(request),
                   [self = shared_from_this(), done = std::move(done)](const HttpReply& reply) {
                     // A token that has run out: the next request gets another.
                     if (reply.status == 403 &&
                         ToLower(StringMember(self->config_, "auth_method")) == "kubernetes")
                       self->token_.clear();
                     done(Read("vault", reply));
                   });
  }

  const Json config_;
  PluginEnv& env_;
  std::string host_, base_, data_, metadata_, token_;
};

}  // namespace

std::shared_ptr<Storage> MakeConsulStorage(const Json& config, PluginEnv& env) {
  return std::make_shared<Consul>(config, env);
}
std::shared_ptr<Storage> MakeVaultStorage(const Json& config, PluginEnv& env) {
  return std::make_shared<Vault>(config, env);
}

}  // namespace silverback::plugins::acme
