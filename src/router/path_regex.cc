#include "router/path_regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <mutex>

namespace silverback::router {
namespace {

constexpr std::string_view kRestGroup = "uri_postfix";
constexpr uint32_t kMatchLimit = 10000;

pcre2_code* Compile(const std::string& pattern, uint32_t options) {
  int error = 0;
  PCRE2_SIZE offset = 0;
  return pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), options,
                       &error, &offset, nullptr);
}

// What a thread needs for matching; grows to the largest pattern that it has met.
struct Workspace {
  pcre2_match_context* context = pcre2_match_context_create(nullptr);
  pcre2_match_data* data = nullptr;
  uint32_t pairs = 0;

  Workspace() { pcre2_set_match_limit(context, kMatchLimit); }
  ~Workspace() {
    pcre2_match_data_free(data);
    pcre2_match_context_free(context);
  }
  void Reserve(uint32_t needed) {
    if (needed <= pairs) return;
    pcre2_match_data_free(data);
    pairs = needed < 16 ? 16 : needed;
    data = pcre2_match_data_create(pairs, nullptr);
  }
};

Workspace& ThreadWorkspace() {
  thread_local Workspace workspace;
  return workspace;
}

}  // namespace

struct PathRegex::Code {
  pcre2_code* code = nullptr;
  uint32_t groups = 0;  // of the pattern, with the one for the rest of the path
  int rest_group = -1;  // its number; -1 in header patterns
  std::once_flag machine_code;

  ~Code() { pcre2_code_free(code); }

  int Run(std::string_view subject) {
    // Most patterns of a large configuration are never asked, and machine code costs memory.
    std::call_once(machine_code, [this] { pcre2_jit_compile(code, PCRE2_JIT_COMPLETE); });
    Workspace& workspace = ThreadWorkspace();
    workspace.Reserve(groups + 1);
    return pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(subject.data()), subject.size(), 0, 0,
                       workspace.data, workspace.context);
  }
};

PathRegex::PathRegex(std::unique_ptr<Code> code) : code_(std::move(code)) {}
PathRegex::~PathRegex() = default;

std::unique_ptr<PathRegex> PathRegex::ForPath(std::string_view pattern) {
  // Compiled alone first: a stray parenthesis must not be closed by what is appended.
  const std::string alone(pattern);
  pcre2_code* plain = Compile(alone, PCRE2_ANCHORED);
  if (plain == nullptr) return nullptr;
  pcre2_code_free(plain);
  auto code = std::make_unique<Code>();
  code->code = Compile(alone + "(?<" + std::string(kRestGroup) + ">.*)", PCRE2_ANCHORED);
  if (code->code == nullptr) return nullptr;
  pcre2_pattern_info(code->code, PCRE2_INFO_CAPTURECOUNT, &code->groups);
  code->rest_group = static_cast<int>(code->groups);
  return std::unique_ptr<PathRegex>(new PathRegex(std::move(code)));
}

std::unique_ptr<PathRegex> PathRegex::ForHeader(std::string_view pattern) {
  auto code = std::make_unique<Code>();
  code->code = Compile(std::string(pattern), 0);
  if (code->code == nullptr) return nullptr;
  pcre2_pattern_info(code->code, PCRE2_INFO_CAPTURECOUNT, &code->groups);
  return std::unique_ptr<PathRegex>(new PathRegex(std::move(code)));
}

bool PathRegex::Matches(std::string_view subject) const { return code_->Run(subject) > 0; }

namespace {

std::string_view Group(std::string_view subject, const PCRE2_SIZE* ends, uint32_t group) {
  const PCRE2_SIZE from = ends[2 * group], to = ends[2 * group + 1];
  if (from == PCRE2_UNSET || to < from) return {};
  return subject.substr(from, to - from);
}

void AddNamed(const pcre2_code* code, std::string_view subject, const PCRE2_SIZE* ends,
              std::vector<std::pair<std::string, std::string>>& out) {
  uint32_t count = 0, size = 0;
  PCRE2_SPTR table = nullptr;
  pcre2_pattern_info(code, PCRE2_INFO_NAMECOUNT, &count);
  pcre2_pattern_info(code, PCRE2_INFO_NAMEENTRYSIZE, &size);
  pcre2_pattern_info(code, PCRE2_INFO_NAMETABLE, &table);
  for (uint32_t i = 0; i < count; ++i, table += size) {
    const uint32_t group = static_cast<uint32_t>(table[0]) << 8 | table[1];
    const std::string name(reinterpret_cast<const char*>(table + 2));
    if (name != kRestGroup) out.emplace_back(name, Group(subject, ends, group));
  }
}

}  // namespace

PathRegex::Found PathRegex::Match(std::string_view subject) const {
  Found found;
  const int matched = code_->Run(subject);
  if (matched <= 0) return found;
  const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(ThreadWorkspace().data);
  const auto rest = static_cast<uint32_t>(code_->rest_group);
  // Groups behind the last one that took part are not written.
  if (code_->rest_group > 0 && matched > code_->rest_group && ends[2 * rest] != PCRE2_UNSET) {
    found.rest = ends[2 * rest];
  }
  const uint32_t own_groups = code_->groups - (code_->rest_group > 0 ? 1 : 0);
  if (own_groups == 0) return found;
  AddNamed(code_->code, subject, ends, found.captures);
  for (uint32_t group = 0; group <= own_groups; ++group) {
    const bool set = group < static_cast<uint32_t>(matched);
    found.captures.emplace_back(std::to_string(group), set ? Group(subject, ends, group) : "");
  }
  return found;
}

size_t PathRegex::memory_bytes() const {
  size_t size = 0, machine_code = 0;
  pcre2_pattern_info(code_->code, PCRE2_INFO_SIZE, &size);
  pcre2_pattern_info(code_->code, PCRE2_INFO_JITSIZE, &machine_code);
  return sizeof *this + sizeof(Code) + size + machine_code;
}

namespace {

bool HasTopLevelAlternative(std::string_view pattern) {
  int depth = 0;
  bool in_class = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\') {
      ++i;
    } else if (in_class) {
      in_class = c != ']';
    } else if (c == '[') {
      in_class = true;
      // "]" as the first member of a class does not close it.
      if (i + 1 < pattern.size() && pattern[i + 1] == '^') ++i;
      if (i + 1 < pattern.size() && pattern[i + 1] == ']') ++i;
    } else if (c == '(') {
      ++depth;
    } else if (c == ')') {
      --depth;
    } else if (c == '|' && depth <= 0) {
      return true;
    }
  }
  return false;
}

bool IsAlphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

std::string PathRegex::LiteralPrefix(std::string_view pattern) {
  std::string prefix;
  // Quoting, alternatives and option settings could change what the characters before them mean.
  if (pattern.find("\\Q") != std::string_view::npos || pattern.find("(?") == 0 ||
      pattern.find("(*") == 0 || HasTopLevelAlternative(pattern)) {
    return prefix;
  }
  for (size_t i = pattern.starts_with('^') ? 1 : 0; i < pattern.size(); ++i) {
    char c = pattern[i];
    if (c == '?' || c == '*' || c == '{') {
      if (!prefix.empty()) prefix.pop_back();
      break;
    }
    if (std::string_view(".^$+()[]}|").find(c) != std::string_view::npos) break;
    if (c == '\\') {
      if (++i == pattern.size() || IsAlphanumeric(pattern[i])) break;
      c = pattern[i];
    }
    prefix.push_back(c);
  }
  return prefix;
}

}  // namespace silverback::router
