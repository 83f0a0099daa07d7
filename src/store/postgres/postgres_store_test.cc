#include "store/postgres/postgres_store.h"

#include "store/postgres/test_server.h"
#include "store/store_contract.h"

namespace silverback::store {
namespace {

INSTANTIATE_TEST_SUITE_P(Postgres, StoreContract,
                         testing::Values(StoreFactory{
                             "postgres",
                             [](std::shared_ptr<std::atomic<double>> now) {
                               postgres::StoreOptions options;
                               options.server = postgres::TestDatabase();
                               options.clock = [now] { return now->load(); };
                               return postgres::Open(std::move(options), TestCatalog());
                             }}),
                         [](const auto& param_info) { return param_info.param.name; });

}  // namespace
}  // namespace silverback::store
