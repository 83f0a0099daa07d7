// DaoWriter: changes that plugins make to entities, through the Dao on threads of a pool. Event
// loop only.
#pragma once

#include "plugin/env.h"
#include "store/dao.h"

namespace silverback::runtime {

class DaoWriter final : public plugin::EntityWriter {
 public:
  // Both outlive it.
  DaoWriter(store::Dao& dao, plugin::Background& threads) : dao_(dao), threads_(threads) {}

  void Insert(std::string entity, Json row, double ttl, Done done) override;
  void Update(std::string entity, std::string id, Json changes, double ttl, Done done) override;
  void Upsert(std::string entity, std::string field, std::string value, Json row, double ttl,
              Done done) override;
  void Delete(std::string entity, std::string id, Done done) override;
  void ReadAll(std::string entity, Done done) override;

 private:
  void Run(std::function<Result<Json>()> work, Done done);

  store::Dao& dao_;
  plugin::Background& threads_;
};

}  // namespace silverback::runtime
