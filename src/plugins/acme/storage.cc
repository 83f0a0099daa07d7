#include "plugins/acme/storage.h"

#include <set>

namespace silverback::plugins::acme {
namespace {

using plugin::PluginEnv;

constexpr char kEntity[] = "acme_storage";

// Rows of the datastore.
class RowStorage final : public Storage {
 public:
  explicit RowStorage(PluginEnv& env) : env_(env) {}

  void Get(const std::string& key, GotValue done) override {
    const auto row = env_.entities.FindUnique(kEntity, "key", key);
    done(row ? std::optional(StringMember(*row, "value")) : std::nullopt);
  }
  void Set(const std::string& key, std::string value, int ttl, Finished done) override {
    env_.writer->Upsert(kEntity, "key", key, {{"value", std::move(value)}}, ttl, Then(done));
  }
  void Add(const std::string& key, std::string value, int ttl, Added done) override {
    Json row = {{"key", key}, {"value", value}};
    env_.writer->Insert(
        kEntity, std::move(row), ttl,
        [&env = env_, key, value, ttl, done = std::move(done)](const Result<Json>& made) {
          if (made) return done(true);
          if (made.error().code() != ErrorCode::kUniqueViolation) return done(made.error());
          if (env.entities.FindUnique(kEntity, "key", key)) return done(false);
          // It has expired, and lies there until it is cleared away.
          env.writer->Upsert(kEntity, "key", key, {{"value", value}}, ttl,
                             [done](const Result<Json>& replaced) {
                               if (!replaced) return done(replaced.error());
                               done(true);
                             });
        });
  }
  void Remove(const std::string& key, Finished done) override {
    const auto row = env_.entities.FindUnique(kEntity, "key", key);
    if (!row) return done(Ok());
    env_.writer->Delete(kEntity, StringMember(*row, "id"), Then(done));
  }
  void List(const std::string& prefix, Keys done) override {
    env_.writer->ReadAll(kEntity, [prefix, done = std::move(done)](const Result<Json>& rows) {
      if (!rows) return done(rows.error());
      std::vector<std::string> keys;
      for (const Json& row : *rows) {
        std::string key = StringMember(row, "key");
        if (key.starts_with(prefix)) keys.push_back(std::move(key));
      }
      done(std::move(keys));
    });
  }
  bool is_near() const override { return true; }

 private:
  static plugin::EntityWriter::Done Then(Finished done) {
    return [done = std::move(done)](const Result<Json>& result) {
      done(result ? Ok() : Status(result.error()));
    };
  }

  PluginEnv& env_;
};

// Memory that the node's workers share. It cannot tell which keys it has: the lasting ones are
// written down beside them, each in a place of its own.
class MemoryStorage final : public Storage {
 public:
  MemoryStorage(plugin::Dictionary& dictionary, PluginEnv& env)
      : dictionary_(dictionary), env_(env) {}

  void Get(const std::string& key, GotValue done) override {
    done(dictionary_.Get(key, env_.now()));
  }
  void Set(const std::string& key, std::string value, int ttl, Finished done) override {
    if (ttl == 0) WriteDown(key);
    if (dictionary_.Put(key, value, ExpiresAt(ttl))) return done(Ok());
    done(Error(ErrorCode::kUnavailable, "no memory"));
  }
  void Add(const std::string& key, std::string value, int ttl, Added done) override {
    done(dictionary_.Add(key, value, ExpiresAt(ttl), env_.now()));
  }
  void Remove(const std::string& key, Finished done) override {
    dictionary_.Remove(key, env_.now());
    done(Ok());
  }
  void List(const std::string& prefix, Keys done) override {
    std::set<std::string> keys;
    ForWrittenDown([&](std::string_view, const std::optional<std::string>& key) {
      if (key && key->starts_with(prefix) && dictionary_.Get(*key, env_.now())) keys.insert(*key);
      return true;
    });
    done(std::vector<std::string>(keys.begin(), keys.end()));
  }
  bool is_near() const override { return true; }

 private:
  // Places that others needed the room of are passed over.
  static constexpr int kMostMissing = 64;

  double ExpiresAt(int ttl) const { return ttl == 0 ? 0 : env_.now() + ttl; }

  // `visit` gets each place and the key in it, and gives whether to go on.
  template <class Visit>
  void ForWrittenDown(const Visit& visit) {
    for (int i = 1, missing = 0; missing < kMostMissing; ++i) {
      const std::string place = "kong_acme:key:" + std::to_string(i);
      const auto key = dictionary_.Get(place, env_.now());
      missing = key ? 0 : missing + 1;
      if (!visit(place, key)) return;
    }
  }

  void WriteDown(const std::string& key) {
    ForWrittenDown([&](std::string_view place, const std::optional<std::string>& other) {
      if (other) return *other != key;
      return !dictionary_.Add(place, key, 0, env_.now());
    });
  }

  plugin::Dictionary& dictionary_;
  PluginEnv& env_;
};

}  // namespace

Result<std::shared_ptr<Storage>> MakeStorage(const Json& config, PluginEnv& env) {
  const std::string kind = StringMember(config, "storage", "shm");
  static const Json kNone = Json::object();
  const Json* all = FindMember(config, "storage_config");
  const Json* found = all != nullptr ? FindMember(*all, kind) : nullptr;
  const Json& settings = found != nullptr ? *found : kNone;
  if (kind == "kong") return std::shared_ptr<Storage>(std::make_shared<RowStorage>(env));
  if (kind == "redis") return MakeRedisStorage(settings, env);
  if (kind == "consul") return MakeConsulStorage(settings, env);
  if (kind == "vault") return MakeVaultStorage(settings, env);
  const std::string name = StringMember(settings, "shm_name", "kong");
  plugin::Dictionary* dictionary = env.dictionary ? env.dictionary(name) : nullptr;
  if (dictionary == nullptr)
    return Error(ErrorCode::kInvalidInput, "shm " + name + " is not defined");
  return std::shared_ptr<Storage>(std::make_shared<MemoryStorage>(*dictionary, env));
}

}  // namespace silverback::plugins::acme
