// Transactions beside nodes that use the database: a lock that does not come soon is given up, so
// that they do not queue up behind it, and tried again.
#pragma once

#include <functional>
#include <string>

#include "store/postgres/migrations/session.h"

namespace silverback::store::postgres::migrations {

using Note = std::function<void(const std::string&)>;  // told to the operator

// An error of the moment (a lock, a lost connection, no room, a cancelled statement): the same
// statements may succeed later.
bool IsOfTheMoment(const Error& error);

// `work` in a transaction, again and again while other sessions hold what it needs, for a minute.
// REQUIRES: no transaction is open.
Status WithRetries(Session& session, const Note& note, const std::function<Status()>& work);

}  // namespace silverback::store::postgres::migrations
