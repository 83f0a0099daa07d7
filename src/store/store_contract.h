// The contract of stores as a parametrised test suite: every store runs it by instantiating
// StoreContract with a factory (see memory_store_test.cc). It exercises the store through the Dao
// as the Admin API does, and directly where the Dao hides what matters. One file of a test binary
// includes it.
#pragma once

#include "store/store_contract_fixture.h"
#include "store/store_contract_keys.h"
#include "store/store_contract_lists.h"
#include "store/store_contract_writes.h"
