// Certifier: the certificates of one configuration of acme: ordered, kept, found, renewed. Event
// loop only. What it has begun goes on when its plugin is gone: it lives as long as that.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plugins/acme/order.h"
#include "plugins/acme/storage.h"

namespace silverback::plugins::acme {

struct CertificateAndKey {
  std::string certificate, key;  // PEM
};

// What names of hosts are made of; nothing that would mean something else in a request.
bool IsHostName(std::string_view text);

class Certifier : public std::enable_shared_from_this<Certifier> {
 public:
  // Whether a certificate was made; false: it is being made elsewhere.
  using Obtained = std::function<void(Result<bool>)>;
  using Loaded = std::function<void(Result<std::optional<CertificateAndKey>>)>;

  static Result<std::shared_ptr<Certifier>> Create(const Json& config, plugin::PluginEnv& env);

  // Orders a certificate and keeps it. After a failure it refuses for a while
  // (fail_backoff_minutes).
  void Obtain(const std::string& host, Obtained done);
  // The same, unless there is one that is good: somebody else may just have made it.
  void ObtainMissing(const std::string& host, Obtained done);
  void Load(const std::string& host, Loaded done);
  void ListHosts(Storage::Keys done);
  // Makes those anew that end soon, one after the other.
  void Renew(std::function<void()> done);

  // Certificates are no rows here, but lie in the storage.
  bool keeps_in_storage() const { return keeps_in_storage_; }
  // False: rows are a control plane's matter, which alone can order what is kept in them.
  bool can_write() const { return can_write_; }
  // Load answers at once.
  bool is_near() const { return storage_->is_near(); }

 private:
  struct Task;
  using TaskRef = std::shared_ptr<Task>;

  Certifier(const Json& config, plugin::PluginEnv& env, std::shared_ptr<Storage> storage);

  void Update(TaskRef task);
  void Lock(TaskRef task);
  void LookAgain(TaskRef task);
  void FindAccount(TaskRef task);
  void MakeAccount(TaskRef task);
  void UseAccount(TaskRef task, const std::string& account);
  void MakeKey(TaskRef task);
  void PlaceOrder(TaskRef task);
  void Keep(TaskRef task);
  void SetAccountKey(const TaskRef& task, const std::string& pem);
  void Plan(TaskRef task);
  void FailTask(const TaskRef& task, const Error& why);
  void EndTask(const TaskRef& task, const Result<bool>& result);

  // Rows of the datastore (rows.cc).
  void KeepRows(const TaskRef& task);
  void PointNameAt(const TaskRef& task, const std::string& certificate_id);
  std::optional<CertificateAndKey> LoadRows(const std::string& host);

  void RenewNext(std::shared_ptr<std::vector<std::string>> keys, std::function<void()> done);
  void RenewPlanned(const std::string& plan_key, const std::string& plan,
                    std::function<void()> done);
  void RenewIfDue(const std::string& plan_key, const std::string& host,
                  const std::optional<CertificateAndKey>& old, std::function<void()> done);
  void Log(plugin::LogLevel level, const std::string& message);

  plugin::PluginEnv& env_;
  const std::shared_ptr<Storage> storage_;
  Authority authority_;
  std::string key_type_;
  unsigned rsa_bits_ = 0;
  double renew_seconds_ = 0;  // before its end
  int backoff_seconds_ = 0;
  const bool keeps_in_storage_, can_write_;
};

}  // namespace silverback::plugins::acme
