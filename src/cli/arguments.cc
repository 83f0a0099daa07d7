#include "cli/arguments.h"

#include <cstdlib>

#include "util/string_util.h"

namespace silverback::cli {
namespace {

constexpr std::string_view kEndOfOptions = "--";

std::optional<double> ToNumber(const std::string& text) {
  const std::string trimmed(Trim(text));
  if (trimmed.find_first_not_of("0123456789abcdefxABCDEFX.+-") != std::string::npos) return {};
  char* end = nullptr;
  const double number = std::strtod(trimmed.c_str(), &end);
  if (end == trimmed.c_str() || *end != '\0') return {};
  return number;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

const std::string* Arguments::Find(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? nullptr : &found->second;
}

std::string Arguments::Text(std::string_view name) const {
  const std::string* value = Find(name);
  return value ? *value : std::string();
}

std::optional<double> Arguments::Number(std::string_view name) const {
  const std::string* value = Find(name);
  return value ? ToNumber(*value) : std::nullopt;
}

std::optional<std::string> Arguments::TakeWord() {
  if (words_.empty()) return std::nullopt;
  std::string word = std::move(words_.front());
  words_.erase(words_.begin());
  return word;
}

class ArgumentReader {
 public:
  ArgumentReader(const Syntax& syntax, std::vector<std::string> words)
      : syntax_(syntax), rest_(std::move(words)) {}

  ReadArguments Run() {
    for (; at_ < rest_.size() && result_.mistake.empty() && !result_.help; ++at_) Step();
    if (result_.mistake.empty() && !result_.help) SetDefaults();
    return std::move(result_);
  }

 private:
  void Step() {
    const std::string word = rest_[at_];
    if (word == kEndOfOptions) {
      while (++at_ < rest_.size()) result_.arguments.words_.push_back(rest_[at_]);
    } else if (word.size() > 2 && word.starts_with("--")) {
      TakeOption(BeforeEqualSign(word.substr(2)));
    } else if (word.size() > 1 && word[0] == '-') {
      TakeOption(FirstOfJoined(word.substr(1)));
    } else {
      TakeWord(word);
    }
  }

  // "conf=x": gives "conf" and makes x the next word.
  std::string BeforeEqualSign(const std::string& text) {
    const size_t sign = text.find('=');
    if (sign == std::string::npos) return text;
    Insert(1, text.substr(sign + 1));
    return text.substr(0, sign);
  }

  // "yq": gives "y" and makes -q the next word; in "t5" the rest is the value.
  std::string FirstOfJoined(const std::string& letters) {
    if (letters.size() == 1) return letters;
    if (letters.find('=') != std::string::npos) return BeforeEqualSign(letters);
    if (IsDigit(letters[1])) {
      Insert(1, letters.substr(1));
    } else {
      for (size_t i = 1; i < letters.size(); ++i) Insert(i, {'-', letters[i]});
    }
    return letters.substr(0, 1);
  }

  void Insert(size_t after, std::string word) {
    rest_.insert(rest_.begin() + static_cast<std::ptrdiff_t>(at_ + after), std::move(word));
  }

  const Option* Find(std::string_view name) const {
    for (const auto* list : {&syntax_.options, &syntax_.words}) {
      for (const Option& option : *list) {
        if (option.name == name) return &option;
        if (option.letter && name.size() == 1 && name[0] == option.letter) return &option;
      }
    }
    return nullptr;
  }

  void TakeOption(const std::string& name) {
    if (name == "h" || name == "help") {
      result_.help = true;
      return;
    }
    const Option* option = Find(name);
    if (!option) {
      result_.mistake = "unrecognized parameter: " + name;
    } else if (option->kind == OptionKind::kFlag) {
      Set(*option, "");
    } else if (++at_ == rest_.size()) {
      result_.mistake = std::string(option->name) + " was expecting a value";
    } else {
      Set(*option, rest_[at_]);
    }
  }

  void TakeWord(const std::string& word) {
    if (named_words_ < syntax_.words.size()) {
      Set(syntax_.words[named_words_++], word);
    } else {
      result_.arguments.words_.push_back(word);
    }
  }

  void Set(const Option& option, const std::string& value) {
    if (option.kind == OptionKind::kNumber && !ToNumber(value)) {
      result_.mistake = "unable to convert to number: " + value;
    }
    result_.arguments.values_[std::string(option.name)] = value;
  }

  void SetDefaults() {
    for (const auto* list : {&syntax_.options, &syntax_.words}) {
      for (const Option& option : *list) {
        if (option.otherwise.empty()) continue;
        result_.arguments.values_.try_emplace(std::string(option.name), option.otherwise);
      }
    }
  }

  const Syntax& syntax_;
  std::vector<std::string> rest_;
  size_t at_ = 0, named_words_ = 0;
  ReadArguments result_;
};

ReadArguments Read(const Syntax& syntax, std::vector<std::string> words) {
  return ArgumentReader(syntax, std::move(words)).Run();
}

}  // namespace silverback::cli
