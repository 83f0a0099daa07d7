#include "plugins/prometheus/exposition.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "util/json.h"

namespace silverback::plugins {
namespace {

std::string NumberText(double value) {
  if (!std::isfinite(value)) return std::isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
  return DumpJson(Json(value));
}

void AppendLabel(std::string& text, std::string_view name, std::string_view value) {
  text.append(text.ends_with('{') ? "" : ",").append(name).append("=\"");
  for (const char c : value) {
    if (c == '\\' || c == '"') text += '\\';
    if (c == '\n') {
      text += "\\n";
    } else {
      text += c;
    }
  }
  text += '"';
}

// NAME{LABELS} VALUE
std::string Line(const std::string& name, const Labels& labels, double value,
                 std::string_view bucket = {}) {
  std::string text = name;
  if (!labels.empty() || !bucket.empty()) {
    text += '{';
    for (const auto& [label, its_value] : labels) AppendLabel(text, label, its_value);
    if (!bucket.empty()) AppendLabel(text, "le", bucket);
    text += '}';
  }
  return text.append(" ").append(NumberText(value)).append("\n");
}

}  // namespace

size_t BucketOf(double value) {
  return static_cast<size_t>(std::lower_bound(std::begin(kBuckets), std::end(kBuckets), value) -
                             std::begin(kBuckets));
}

Exposition::Family& Exposition::FamilyOf(const std::string& name, std::string_view type,
                                         std::string_view help) {
  Family& family = families_[name];
  family.type = type;
  family.help = help;
  return family;
}

void Exposition::Gauge(const std::string& name, std::string_view help, const Labels& labels,
                       double value) {
  FamilyOf(name, "gauge", help).lines.push_back(Line(name, labels, value));
}

void Exposition::Counter(const std::string& name, std::string_view help, const Labels& labels,
                         double value) {
  FamilyOf(name, "counter", help).lines.push_back(Line(name, labels, value));
}

void Exposition::Histogram(const std::string& name, std::string_view help, const Labels& labels,
                           const std::vector<double>& counts, double sum) {
  auto& lines = FamilyOf(name, "histogram", help).lines;
  double below = 0;
  for (size_t i = 0; i <= std::size(kBuckets); ++i) {
    below += i < counts.size() ? counts[i] : 0;
    const std::string bound = i < std::size(kBuckets) ? std::to_string(kBuckets[i]) : "+Inf";
    lines.push_back(Line(name + "_bucket", labels, below, bound));
  }
  lines.push_back(Line(name + "_count", labels, below));
  lines.push_back(Line(name + "_sum", labels, sum));
}

std::string Exposition::Text() const {
  std::string text;
  for (const auto& [name, family] : families_) {
    text.append("# HELP ").append(name).append(" ").append(family.help).append("\n");
    text.append("# TYPE ").append(name).append(" ").append(family.type).append("\n");
    for (const std::string& line : family.lines) text += line;
  }
  return text;
}

}  // namespace silverback::plugins
