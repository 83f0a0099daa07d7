// Why a route was not chosen, in words; for people who ask, so it compares attribute by attribute
// and does not hurry. Pure; any thread.
#pragma once

#include <string>

#include "router/router.h"

namespace silverback::router {

// `winner`: the route that was chosen, or nullptr.
std::string WhyNot(const entity::Route& route, const Request& request, const entity::Route* winner);

}  // namespace silverback::router
