#include "http/error_format.h"

#include <fmt/format.h>

#include <cstdlib>
#include <optional>

#include "util/string_util.h"

namespace silverback::http {
namespace {

bool AllDigits(std::string_view text) {
  return text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Kong knows a q only by its point: "q=1" and "q=0" say nothing.
std::optional<double> Quality(std::string_view part) {
  if (part.size() < 2 || !EqualsIgnoreCase(part.substr(0, 2), "q=")) return std::nullopt;
  const std::string number(part.substr(2));
  const size_t point = number.find('.');
  if (point == number.npos || point + 1 == number.size()) return std::nullopt;
  if (!AllDigits(std::string_view(number).substr(0, point)) ||
      !AllDigits(std::string_view(number).substr(point + 1)))
    return std::nullopt;
  return std::strtod(number.c_str(), nullptr);
}

bool IsType(std::string_view part) {
  const size_t slash = part.find('/', 1);
  return slash != part.npos && slash + 1 < part.size() &&
         part.find_first_of(" \t") == std::string_view::npos;
}

}  // namespace

ErrorFormat FormatOfType(std::string_view header) {
  const std::string_view trimmed = Trim(header);
  const std::string_view type = trimmed.substr(0, trimmed.find(';'));
  if (type == "text/html") return ErrorFormat::kHtml;
  if (type == "application/xml") return ErrorFormat::kXml;
  if (type == "text/plain" || type == "text/*") return ErrorFormat::kPlain;
  return ErrorFormat::kJson;
}

ErrorFormat FormatOfList(std::string_view accept) {
  ErrorFormat format = ErrorFormat::kJson;
  double best = 0;
  for (const std::string_view value : Split(accept, ',')) {
    std::string_view type;
    double quality = 1;
    for (const std::string_view raw : Split(value, ';')) {
      const std::string_view part = Trim(raw);
      if (IsType(part)) {
        type = part;
      } else if (const auto given = Quality(part)) {
        quality = *given;
      }
    }
    if (type.empty() || quality <= best) continue;
    format = FormatOfType(type);
    best = quality;
  }
  return format;
}

std::string_view ContentTypeOf(ErrorFormat format) {
  switch (format) {
    case ErrorFormat::kHtml:
      return "text/html; charset=utf-8";
    case ErrorFormat::kXml:
      return "application/xml; charset=utf-8";
    case ErrorFormat::kPlain:
      return "text/plain; charset=utf-8";
    case ErrorFormat::kJson:
      break;
  }
  return "application/json; charset=utf-8";
}

std::string RenderError(ErrorFormat format, std::string_view message) {
  switch (format) {
    case ErrorFormat::kHtml:
      return fmt::format(
          "<!doctype html>\n<html>\n  <head>\n    <meta charset=\"utf-8\">\n"
          "    <title>Kong Error</title>\n  </head>\n  <body>\n    <h1>Kong Error</h1>\n"
          "    <p>{}.</p>\n  </body>\n</html>\n",
          message);
    case ErrorFormat::kXml:
      return fmt::format(
          "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<error>\n  <message>{}</message>\n"
          "</error>\n",
          message);
    case ErrorFormat::kPlain:
      return fmt::format("{}\n", message);
    case ErrorFormat::kJson:
      break;
  }
  return fmt::format("{{\n  \"message\":\"{}\"\n}}", message);
}

}  // namespace silverback::http
