// From a request to the answer of its endpoint. Any thread; blocks on the store.
#pragma once

#include "admin/endpoint.h"

namespace silverback::admin {

// The answer without the headers that all answers share.
Response Dispatch(const Context& context, const EndpointTable& table, const Request& request);

// Runs `work` with a context whose Dao is one transaction: an answer of 400 or above rolls it back.
Response InTransaction(const Context& context, const std::function<Response(const Context&)>& work);

}  // namespace silverback::admin
