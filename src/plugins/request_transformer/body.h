// Changing request bodies by request-transformer's actions. Pure functions; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "plugins/request_transformer/actions.h"

namespace silverback::plugins {

enum class BodyKind { kOther, kForm, kMultipart, kJson };
BodyKind BodyKindOf(std::string_view content_type);

// The changed body; nullopt when nothing was changed. An error: the body is no document with
// fields.
Result<std::optional<std::string>> ChangeBody(std::string_view body, std::string_view content_type,
                                              const WantedActions& actions);

}  // namespace silverback::plugins
