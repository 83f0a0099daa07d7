#include "plugins/transform/multipart_form.h"

#include <algorithm>

#include "http/header.h"
#include "http/multipart.h"
#include "util/string_util.h"

namespace silverback::plugins {
namespace {

constexpr std::string_view kEnd = "\r\n";

std::string_view TakeLine(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string NameOf(std::string_view head) {
  while (!head.empty()) {
    const std::string_view line = TakeLine(head);
    if (ToLower(line).starts_with("content-disposition:"))
      return http::HeaderParameter(line, "name");
  }
  return "";
}

}  // namespace

MultipartForm::MultipartForm(std::string_view body, std::string_view content_type)
    : boundary_(http::MultipartBoundary(content_type)) {
  const std::string delimiter = "--" + boundary_;
  size_t at = body.find(delimiter);
  while (at != body.npos) {
    std::string_view rest = body.substr(at + delimiter.size());
    if (rest.starts_with("--")) break;
    const size_t end = rest.find("\n" + delimiter);
    if (end == rest.npos) break;  // what is not whole is left out
    at += delimiter.size() + end + 1;
    rest = rest.substr(0, end);
    if (rest.ends_with('\r')) rest.remove_suffix(1);
    TakeLine(rest);  // the delimiter's own
    Part part;
    while (!rest.empty()) {
      const std::string_view line = TakeLine(rest);
      if (line.empty()) break;
      part.head.append(line).append(kEnd);
    }
    part.name = NameOf(part.head);
    part.value = rest;
    parts_.push_back(std::move(part));
  }
}

const MultipartForm::Part* MultipartForm::Find(std::string_view name) const {
  for (const Part& part : parts_) {
    if (part.name == name) return &part;
  }
  return nullptr;
}

std::string MultipartForm::Value(std::string_view name) const {
  const Part* part = Find(name);
  return part ? part->value : "";
}

void MultipartForm::Set(std::string_view name, std::string_view value) {
  auto found = std::find_if(parts_.begin(), parts_.end(),
                            [&](const Part& part) { return part.name == name; });
  if (found == parts_.end()) found = parts_.insert(found, Part());
  found->name = name;
  // A line end or a quote within would begin something else.
  std::string shown = ReplaceAll(ReplaceAll(name, "\"", "%22"), "\n", "%0A");
  found->head = "Content-Disposition: form-data; name=\"" + ReplaceAll(shown, "\r", "%0D") + "\"";
  found->head += kEnd;
  found->value = value;
}

void MultipartForm::Remove(std::string_view name) {
  std::erase_if(parts_, [&](const Part& part) { return part.name == name; });
}

std::string MultipartForm::Text() const {
  std::string text;
  for (const Part& part : parts_) {
    text.append("--").append(boundary_).append(kEnd).append(part.head).append(kEnd);
    text.append(part.value).append(kEnd);
  }
  return text.append("--").append(boundary_).append("--").append(kEnd);
}

}  // namespace silverback::plugins
