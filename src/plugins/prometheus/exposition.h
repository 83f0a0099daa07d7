// Exposition: metrics in Prometheus' text format, by name and labels. Pure; any thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace silverback::plugins {

using Labels = std::vector<std::pair<std::string_view, std::string>>;

class Exposition {
 public:
  void Gauge(const std::string& name, std::string_view help, const Labels& labels, double value);
  void Counter(const std::string& name, std::string_view help, const Labels& labels, double value);
  // `counts`: how many lay in each of kBuckets, and above the last.
  void Histogram(const std::string& name, std::string_view help, const Labels& labels,
                 const std::vector<double>& counts, double sum);
  std::string Text() const;

 private:
  struct Family {
    std::string_view type, help;
    std::vector<std::string> lines;  // in the order in which they were added
  };
  Family& FamilyOf(const std::string& name, std::string_view type, std::string_view help);

  std::map<std::string, Family> families_;
};

// Upper bounds of the buckets of latencies, in milliseconds.
inline constexpr int kBuckets[] = {1,   2,   5,    7,    10,   15,    20,    25,   30,
                                   40,  50,  60,   70,   80,   90,    100,   200,  300,
                                   400, 500, 1000, 2000, 5000, 10000, 30000, 60000};
// Which of them a value lies in; the one past the last: above all.
size_t BucketOf(double value);

}  // namespace silverback::plugins
