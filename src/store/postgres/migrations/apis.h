// Databases of versions before 1.0: telling them, and turning their APIs into services and routes,
// as `kong migrations migrate-apis` of Kong 1.5 did.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "store/migrations.h"
#include "store/postgres/migrations/session.h"

namespace silverback::store::postgres::migrations {

// No migration of 1.0 has been run, but some of an older version.
Result<bool> IsOlderThan1_0(Session& session);
Result<bool> HasApis(Session& session);

// The parts of an API's upstream_url. Error: kInvalidInput.
struct UpstreamUrl {
  std::string protocol, host, path;  // path "": none
  int port = 0;
};
Result<UpstreamUrl> ParseUpstreamUrl(std::string_view url);

// What Kong 1.5 had before it began: the bookkeeping, and routes that say how they handle paths.
Status PrepareForApis(Session& session, const ApiObserver& observer);
// Every API in a transaction of its own. Those with plugins that are not bundled are left, unless
// `with_custom_plugins`. An API that cannot be turned into a service stays, and is reported.
// REQUIRES: PrepareForApis, and the ClusterLock.
Status MigrateApis(Session& session, bool with_custom_plugins, const ApiObserver& observer);

}  // namespace silverback::store::postgres::migrations
