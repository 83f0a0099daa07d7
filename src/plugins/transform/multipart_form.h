// MultipartForm: a multipart/form-data body that is changed part by part; parts that nobody changes
// keep every byte.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace silverback::plugins {

class MultipartForm {
 public:
  MultipartForm(std::string_view body, std::string_view content_type);

  bool Has(std::string_view name) const { return Find(name) != nullptr; }
  // "" when there is none.
  std::string Value(std::string_view name) const;
  // The first part of that name, or a new one at the end, becomes a plain field.
  void Set(std::string_view name, std::string_view value);
  void Remove(std::string_view name);
  std::string Text() const;

 private:
  struct Part {
    std::string name;
    std::string head;  // its header lines, each with its end
    std::string value;
  };
  const Part* Find(std::string_view name) const;

  std::string boundary_;
  std::vector<Part> parts_;
};

}  // namespace silverback::plugins
