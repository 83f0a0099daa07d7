#include "plugins/acme/storage.h"

namespace silverback::plugins::acme {
namespace {

using plugin::PluginEnv;

constexpr int kTimeoutMs = 1000;
constexpr const char* kKeysPerScan = "1000";

class RedisStorage final : public Storage, public std::enable_shared_from_this<RedisStorage> {
 public:
  RedisStorage(const Json& config, PluginEnv& env) : env_(env) {
    server_.host = StringMember(config, "host", "127.0.0.1");
    server_.port = static_cast<int>(NumberMember(config, "port", server_.port));
    server_.database = static_cast<int>(NumberMember(config, "database"));
    server_.password = StringMember(config, "auth");
    server_.timeout_ms = kTimeoutMs;
  }

  void Get(const std::string& key, GotValue done) override {
    Run({"GET", key}, [done = std::move(done)](const Result<Json>& reply) {
      if (!reply) return done(reply.error());
      done(reply->is_string() ? std::optional(reply->get<std::string>()) : std::nullopt);
    });
  }
  void Set(const std::string& key, std::string value, int ttl, Finished done) override {
    Run(SetCommand(key, std::move(value), ttl), Then(std::move(done)));
  }
  void Add(const std::string& key, std::string value, int ttl, Added done) override {
    Command command = SetCommand(key, std::move(value), ttl);
    command.emplace_back("NX");
    Run(std::move(command), [done = std::move(done)](const Result<Json>& reply) {
      if (!reply) return done(reply.error());
      done(!reply->is_null());
    });
  }
  void Remove(const std::string& key, Finished done) override {
    Run({"DEL", key}, Then(std::move(done)));
  }
  void List(const std::string& prefix, Keys done) override {
    Scan(prefix, "0", {}, std::move(done));
  }

 private:
  using Command = std::vector<std::string>;
  using Done = std::function<void(const Result<Json>&)>;

  static Command SetCommand(const std::string& key, std::string value, int ttl) {
    Command command = {"SET", key, std::move(value)};
    if (ttl > 0) command.insert(command.end(), {"EX", std::to_string(ttl)});
    return command;
  }
  static Done Then(Finished done) {
    return [done = std::move(done)](const Result<Json>& reply) {
      done(reply ? Ok() : Status(reply.error()));
    };
  }

  void Run(Command command, Done done) {
    env_.redis->Run(server_, {std::move(command)},
                    [done = std::move(done)](const Result<std::vector<Json>>& replies) {
                      if (!replies) return done(replies.error());
                      if (replies->empty()) return done(Json());
                      done(replies->front());
                    });
  }

  // Step by step: a server with many keys serves others meanwhile.
  void Scan(const std::string& prefix, const std::string& cursor, std::vector<std::string> found,
            Keys done) {
    Run({"SCAN", cursor, "MATCH", prefix + "*", "COUNT", kKeysPerScan},
        [self = shared_from_this(), prefix, found = std::move(found),
         done = std::move(done)](const Result<Json>& reply) mutable {
          if (!reply) return done(reply.error());
          if (!reply->is_array() || reply->size() != 2 || !(*reply)[0].is_string() ||
              !(*reply)[1].is_array())
            return done(Error(ErrorCode::kUnavailable, "unexpected answer to SCAN"));
          for (const Json& key : (*reply)[1]) {
            if (key.is_string()) found.push_back(key.get<std::string>());
          }
          const auto next = (*reply)[0].get<std::string>();
          if (next != "0") return self->Scan(prefix, next, std::move(found), std::move(done));
          // A scan may find a key twice.
          std::sort(found.begin(), found.end());
          found.erase(std::unique(found.begin(), found.end()), found.end());
          done(std::move(found));
        });
  }

  PluginEnv& env_;
  plugin::RedisServer server_;
};

}  // namespace

std::shared_ptr<Storage> MakeRedisStorage(const Json& config, PluginEnv& env) {
  return std::make_shared<RedisStorage>(config, env);
}

}  // namespace silverback::plugins::acme
