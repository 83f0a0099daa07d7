#include "store/no_database_migrator.h"

#include "store/migration_names.h"

namespace silverback::store {
namespace {

class NoDatabaseMigrator final : public Migrator {
 public:
  explicit NoDatabaseMigrator(const entity::Catalog& catalog) : catalog_(catalog) {}

  Result<MigrationState> State() override {
    MigrationState state;
    state.needs_bootstrap = false;
    for (const Subsystem& subsystem : MigrationNames()) {
      if (!IsEnabled(subsystem, catalog_)) continue;
      SubsystemState one;
      one.name = subsystem.name;
      one.executed.assign(subsystem.names.begin(), subsystem.names.end());
      state.subsystems.push_back(std::move(one));
    }
    return state;
  }
  Status Bootstrap() override { return Ok(); }
  Result<bool> WithLock(const LockWait&, const std::function<Status()>& work) override {
    if (Status done = work(); !done) return done.error();
    return true;
  }
  Status Run(const std::vector<MigrationList>&, MigrationHalf, const MigrationObserver&) override {
    return Ok();
  }
  Status Reset() override { return Ok(); }
  std::string_view strategy() const override { return "off"; }
  std::string Place() const override { return "no database"; }

 private:
  const entity::Catalog& catalog_;
};

}  // namespace

std::unique_ptr<Migrator> NewNoDatabaseMigrator(const entity::Catalog& catalog) {
  return std::make_unique<NoDatabaseMigrator>(catalog);
}

}  // namespace silverback::store
