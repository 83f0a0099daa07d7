// Bodies of error answers in the formats that clients accept, chosen as Kong chooses them. Pure;
// any thread.
#pragma once

#include <string>
#include <string_view>

namespace silverback::http {

enum class ErrorFormat { kJson, kHtml, kXml, kPlain };

// By the first thing that a header names, up to a semicolon: what the error handler goes by. A list
// before it is no type.
ErrorFormat FormatOfType(std::string_view header);

// By the type of an Accept header's list that has the greatest q (the first of equal ones): what
// answers of plugins go by.
ErrorFormat FormatOfList(std::string_view accept);

std::string_view ContentTypeOf(ErrorFormat format);
std::string RenderError(ErrorFormat format, std::string_view message);

}  // namespace silverback::http
