// What aws-lambda and azure-functions have in common: an answer taken from another server.
#pragma once

#include "plugin/env.h"
#include "plugin/exchange.h"

namespace silverback::plugins {

// The client's request headers but for those of its connection and length.
plugin::Headers ForwardedHeaders(const plugin::Exchange& exchange);

// The reply as the client's answer: without the headers of its connection and length, with "Via".
// REQUIRES: no error.
plugin::LocalResponse AnswerOf(const plugin::HttpReply& reply);

}  // namespace silverback::plugins
