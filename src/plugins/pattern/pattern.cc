#include "plugins/pattern/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace silverback::plugins {
namespace {

constexpr uint32_t kMostSteps = 100'000;

template <auto kFree>
struct Free {
  template <class T>
  void operator()(T* thing) const {
    kFree(thing);
  }
};

}  // namespace

struct Pattern::Code {
  std::unique_ptr<pcre2_code, Free<pcre2_code_free>> code;
  std::unique_ptr<pcre2_match_context, Free<pcre2_match_context_free>> limits;
};

Pattern::Pattern(std::unique_ptr<Code> code) : code_(std::move(code)) {}
Pattern::~Pattern() = default;

std::unique_ptr<const Pattern> Pattern::Compile(std::string_view text) {
  int error = 0;
  PCRE2_SIZE offset = 0;
  auto code = std::make_unique<Code>();
  code->code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0, &error,
                                 &offset, nullptr));
  if (!code->code) return nullptr;
  pcre2_jit_compile(code->code.get(), PCRE2_JIT_COMPLETE);
  code->limits.reset(pcre2_match_context_create(nullptr));
  if (code->limits) pcre2_set_match_limit(code->limits.get(), kMostSteps);
  return std::unique_ptr<const Pattern>(new Pattern(std::move(code)));
}

bool Pattern::Match(std::string_view subject, unsigned options) const {
  const std::unique_ptr<pcre2_match_data, Free<pcre2_match_data_free>> data(
      pcre2_match_data_create(1, nullptr));
  return data && pcre2_match(code_->code.get(), reinterpret_cast<PCRE2_SPTR>(subject.data()),
                             subject.size(), 0, options, data.get(), code_->limits.get()) >= 0;
}

std::vector<std::string> Pattern::Captures(std::string_view subject) const {
  std::vector<std::string> caught;
  const std::unique_ptr<pcre2_match_data, Free<pcre2_match_data_free>> data(
      pcre2_match_data_create_from_pattern(code_->code.get(), nullptr));
  if (!data) return caught;
  const int count = pcre2_match(code_->code.get(), reinterpret_cast<PCRE2_SPTR>(subject.data()),
                                subject.size(), 0, 0, data.get(), code_->limits.get());
  const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(data.get());
  for (int i = 0; i < count; ++i) {
    const PCRE2_SIZE from = ends[2 * i];
    caught.emplace_back(from == PCRE2_UNSET ? "" : subject.substr(from, ends[2 * i + 1] - from));
  }
  return caught;
}

bool Pattern::FoundIn(std::string_view subject) const { return Match(subject, 0); }

bool Pattern::FoundAtStart(std::string_view subject) const {
  return Match(subject, PCRE2_ANCHORED);
}

}  // namespace silverback::plugins
